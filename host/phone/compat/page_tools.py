"""What CPython brings and the page's MicroPython does not, as far as the program uses it."""

from binascii import crc32  # noqa: F401
from io import BytesIO, StringIO  # noqa: F401


class SimpleNamespace:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


def joined_list(*parts):
    found = []
    for part in parts:
        found.extend(part)
    return found


def joined_tuple(*parts):
    return tuple(joined_list(*parts))


def joined_set(*parts):
    return set(joined_list(*parts))


def merged(*parts):
    found = {}
    for part in parts:
        found.update(part)
    return found


def removesuffix(text, end):
    return text[: -len(end)] if end and text.endswith(end) else text


def removeprefix(text, start):
    return text[len(start) :] if text.startswith(start) else text


def ljust(text, size, fill=" "):
    return text + fill * (size - len(text))


def zfill(text, size):
    return "0" * (size - len(text)) + text


def isdecimal(text):
    return text.isdigit()


def get_close_matches(word, among, n=3, cutoff=0.6):
    """Nobody types a register's name on a phone."""
    return []


def cache(function):
    kept = {}

    def cached(*args):
        if args not in kept:
            kept[args] = function(*args)
        return kept[args]

    return cached


class _Context:
    def __init__(self, generator):
        self._generator = generator

    def __enter__(self):
        return next(self._generator)

    def __exit__(self, kind, error, trace):
        if kind is None:
            for _ in self._generator:
                pass
            return False
        try:
            self._generator.throw(error if error is not None else kind())
        except StopIteration:
            return True
        return False


def contextmanager(function):
    def begin(*args, **named):
        return _Context(function(*args, **named))

    return begin
