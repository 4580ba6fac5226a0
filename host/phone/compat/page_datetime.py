"""Times of day on the phone's own clock and in its own zone."""

from js import Date


class datetime:
    def __init__(self, fields):
        self._fields = fields

    @staticmethod
    def fromtimestamp(at):
        d = Date.new(at * 1000)
        return datetime(
            {
                "%Y": "%04d" % d.getFullYear(),
                "%m": "%02d" % (d.getMonth() + 1),
                "%d": "%02d" % d.getDate(),
                "%H": "%02d" % d.getHours(),
                "%M": "%02d" % d.getMinutes(),
                "%S": "%02d" % d.getSeconds(),
            }
        )

    def strftime(self, wanted):
        for code, text in self._fields.items():
            wanted = wanted.replace(code, text)
        return wanted
