"""Function 43/14: who made this device, told in objects (name, product, version, ...).

Objects 0..2 are the basic ones, 3..6 regular, 0x80..0xFF extended. A stream tells all objects
of a category, in as many replies as it takes; individual access tells one. Source: MODBUS
Application Protocol Specification V1.1b3, 6.21. Reads the model, must never change it.
"""

from .codec import (
    DEVICE_FAILURE,
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    MAX_FRAME,
    MEI_DEVICE_ID,
)

_BASIC = 1
_REGULAR = 2
_EXTENDED = 3
_INDIVIDUAL = 4
_LAST_OBJECT = (0, 2, 6, 255)  # of each category
_FIRST_EXTENDED = 0x80
_OBJECTS_AT = 8  # in the reply
_ROOM = MAX_FRAME - 2 - _OBJECTS_AT


class Identity:
    """Answers for the objects of ``model.device_object(object_id)``."""

    def __init__(self, model):
        self._model = model
        self._level = 0  # the highest category the model has an object of; 0: not looked yet

    def answer(self, code, first, tx):
        """Fill ``tx`` from its third byte; return the length, or minus an exception code."""
        if not _BASIC <= code <= _INDIVIDUAL:
            return -ILLEGAL_VALUE
        if not self._level:
            self._level = self._find_level()
        if code == _INDIVIDUAL:
            count, end, more = self._put(first, first, tx)
            if count == 0:
                return -DEVICE_FAILURE if more else -ILLEGAL_ADDRESS
        else:
            last = _LAST_OBJECT[code]
            if first > last or self._object(first) is None:
                first = 0  # the standard: an unknown first object starts the stream anew
            count, end, more = self._put(first, last, tx)
            if more and count == 0:
                return -DEVICE_FAILURE  # an object that fits no reply
        tx[2] = MEI_DEVICE_ID
        tx[3] = code
        tx[4] = self._level | 0x80  # individual access is always there
        tx[5] = 0xFF if more else 0
        tx[6] = more
        tx[7] = count
        return end

    def _put(self, first, last, tx):
        """Objects first..last into ``tx``: how many, where they end, the first left out or 0."""
        count = 0
        end = _OBJECTS_AT
        for object_id in range(first, last + 1):
            value = self._object(object_id)
            if value is None:
                continue
            size = len(value)
            if end + 2 + size > _OBJECTS_AT + _ROOM:
                return count, end, object_id or -1
            tx[end] = object_id
            tx[end + 1] = size
            end += 2
            for byte in value:
                tx[end] = byte
                end += 1
            count += 1
        return count, end, 0

    def _object(self, object_id):
        if 6 < object_id < _FIRST_EXTENDED:
            return None  # reserved
        return self._model.device_object(object_id)

    def _find_level(self):
        level = _BASIC
        for object_id in range(3, 256):
            if self._object(object_id) is not None:
                level = _EXTENDED if object_id >= _FIRST_EXTENDED else _REGULAR
        return level
