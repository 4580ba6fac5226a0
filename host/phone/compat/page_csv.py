"""``csv.DictWriter`` for the page: quotes what has to be."""


class DictWriter:
    def __init__(self, file, names, lineterminator="\r\n"):
        self._file = file
        self._names = names
        self._end = lineterminator

    def writeheader(self):
        self._write(self._names)

    def writerow(self, row):
        self._write([row[name] for name in self._names])

    def _write(self, values):
        self._file.write(",".join([_cell(value) for value in values]) + self._end)


def _cell(value):
    text = "" if value is None else str(value)
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
