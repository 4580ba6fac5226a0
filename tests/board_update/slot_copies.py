"""Two copies of a control record, and power that goes away in the middle of writing one."""


class Cut(Exception):
    """Power is gone."""


class Copies:
    """``left``: bytes that still get written before the power goes; None: it stays."""

    def __init__(self, copies=(None, None)):
        self.copies = list(copies)
        self.left = None
        self.writes = 0
        self.refuse = False

    def load(self, i):
        return self.copies[i]

    def store(self, i, data):
        if self.refuse:
            raise OSError(28)
        self.writes += 1
        data = bytes(data)
        if self.left is None:
            self.copies[i] = data
            return
        old = self.copies[i] or b""
        self.copies[i] = data[: self.left] + old[self.left :]
        raise Cut


def said(control):
    """Everything that the record says."""
    slots = tuple(
        (control.state(s), control.starts(s), control.why(s), control.version(s)) for s in "ab"
    )
    return (
        slots,
        control.preferred,
        control.asked,
        control.news,
        control.choose(),
        control.target(),
    )
