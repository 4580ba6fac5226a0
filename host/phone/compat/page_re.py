"""``re`` with ``fullmatch``, which MicroPython's lacks."""

import re


class _Pattern:
    def __init__(self, text):
        self._one = re.compile(text)
        self._whole = re.compile("^(?:" + text + ")$")

    def match(self, text):
        return self._one.match(text)

    def search(self, text):
        return self._one.search(text)

    def fullmatch(self, text):
        return self._whole.match(text)

    def split(self, text, most=0):
        return self._one.split(text, most)

    def sub(self, new, text):
        return self._one.sub(new, text)


def compile(text, flags=0):
    return _Pattern(text)
