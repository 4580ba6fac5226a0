"""Turn a result into something JSON carries, the same way on CPython and on MicroPython.

A result that cannot be told apart after this is equal; anything unknown is refused, so that
no difference hides behind a conversion.
"""

from array import array


def plain(value):
    """``value`` made of None, bool, int, float, str, list and dict with string keys only."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": "".join(["%02x" % byte for byte in value])}
    if isinstance(value, (list, tuple, array, memoryview)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted([plain(item) for item in value])}
    if isinstance(value, dict):
        return {"dict": sorted([[plain(key), plain(item)] for key, item in value.items()])}
    raise TypeError("a trace cannot hold a " + type(value).__name__)


def unplain(value):
    """The value that went into ``plain``; sequences come back as lists."""
    if isinstance(value, list):
        return [unplain(item) for item in value]
    if isinstance(value, dict):
        if "bytes" in value:
            text = value["bytes"]
            return bytes([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])
        if "set" in value:
            return set(unplain(value["set"]))
        return {unplain(key): unplain(item) for key, item in value["dict"]}
    return value
