"""What client and server both know: function codes, exceptions, limits, lengths of frames.

The lengths are the heart of it: RTU frames carry no length of their own, and silence is a poor
mark on a controller with other work to do, so a frame's end is worked out from its function.
Source: MODBUS Application Protocol Specification V1.1b3, chapter 6; MODBUS over Serial Line
V1.02 for frame size and addresses. Must never allocate, and never judge more than lengths.
"""

READ_COILS = 1
READ_DISCRETE = 2
READ_HOLDING = 3
READ_INPUT = 4
WRITE_COIL = 5
WRITE_REGISTER = 6
WRITE_COILS = 15
WRITE_REGISTERS = 16
SERVER_ID = 17
READ_RECORDS = 20
MASK_WRITE = 22
READ_WRITE_REGISTERS = 23
ENCAPSULATED = 43
MEI_DEVICE_ID = 14

# The reads above double as the names of the four tables of a model.
COILS = READ_COILS
DISCRETE_INPUTS = READ_DISCRETE
HOLDING_REGISTERS = READ_HOLDING
INPUT_REGISTERS = READ_INPUT

ILLEGAL_FUNCTION = 1  # not known, or not allowed in the present state (locked)
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
DEVICE_FAILURE = 4
ACKNOWLEDGE = 5
DEVICE_BUSY = 6

MAX_READ_BITS = 2000
MAX_READ_REGISTERS = 125
MAX_WRITE_BITS = 1968
MAX_WRITE_REGISTERS = 123
MAX_EXCHANGE_WRITE = 121  # registers written by function 23
MAX_RECORD_BYTES = 245  # function 20: byte count of a request, and of a reply
MAX_RECORD_NUMBER = 9999

BROADCAST = 0
MAX_UNIT = 247  # 248..255 are reserved: no frame begins with them
MIN_FRAME = 4
MAX_FRAME = 256
MAX_REQUEST = 268  # what a byte count of 255 makes: too long, but its end can be told
EXCEPTION_FRAME = 5
UNKNOWN = 0  # a length that only silence can tell

_LAST = 43
# Four bytes a function: request length, index of the byte count added to it (0: none), and the
# same for the reply. Lengths include address and checksum. 7, 8, 11, 12, 21, 24 are not served,
# but pass by on a shared bus; 8 and 24 have lengths that do not fit and stay UNKNOWN.
_LENGTHS = bytearray(4 * (_LAST + 1))
for _function, _request, _request_at, _reply, _reply_at in (
    (READ_COILS, 8, 0, 5, 2),
    (READ_DISCRETE, 8, 0, 5, 2),
    (READ_HOLDING, 8, 0, 5, 2),
    (READ_INPUT, 8, 0, 5, 2),
    (WRITE_COIL, 8, 0, 8, 0),
    (WRITE_REGISTER, 8, 0, 8, 0),
    (7, 4, 0, 5, 0),
    (11, 4, 0, 8, 0),
    (12, 4, 0, 5, 2),
    (WRITE_COILS, 9, 6, 8, 0),
    (WRITE_REGISTERS, 9, 6, 8, 0),
    (SERVER_ID, 4, 0, 5, 2),
    (READ_RECORDS, 5, 2, 5, 2),
    (21, 5, 2, 5, 2),
    (MASK_WRITE, 10, 0, 10, 0),
    (READ_WRITE_REGISTERS, 13, 10, 5, 2),
    (ENCAPSULATED, 7, 0, 0, 0),
):
    _LENGTHS[4 * _function] = _request
    _LENGTHS[4 * _function + 1] = _request_at
    _LENGTHS[4 * _function + 2] = _reply
    _LENGTHS[4 * _function + 3] = _reply_at


def request_length(buf, start, have):
    """Length of the request at ``buf[start]``, of which ``have`` >= 2 bytes are there.

    As long as the byte that tells is missing, a length above ``have``. UNKNOWN (0) when the
    function does not tell.
    """
    function = buf[start + 1]
    if function > _LAST:
        return UNKNOWN
    length = _LENGTHS[4 * function]
    count_at = _LENGTHS[4 * function + 1]
    if count_at and have > count_at:
        return length + buf[start + count_at]
    if function == ENCAPSULATED and have > 2 and buf[start + 2] != MEI_DEVICE_ID:
        return UNKNOWN
    return length


def reply_length(buf, start, have):
    """Length of the reply at ``buf[start]``; otherwise like ``request_length``."""
    function = buf[start + 1]
    if function & 0x80:
        return EXCEPTION_FRAME
    if function > _LAST:
        return UNKNOWN
    length = _LENGTHS[4 * function + 2]
    count_at = _LENGTHS[4 * function + 3]
    if count_at and have > count_at:
        return length + buf[start + count_at]
    return length
