"""What firmware process and host process say to each other: operation numbers and layout.

Read by both ends, so it holds constants only. A request is eight bytes (operation, sequence,
two small arguments, one 32-bit argument, little endian) and an optional payload; an answer is
six 32-bit words and an optional payload whose length the asker fixed. Each is one packet of a
SOCK_SEQPACKET socket, so neither is ever seen in part.

Answer words: 0 sequence, 1 interrupt slots that fired, 2 received bytes waiting on the
board's serial ports (ten bits each, the first lowest: nine for the number, the tenth: still
transmitting), 3 ticks_ms, 4 ticks_us, 5 result.
"""

REQUEST_HEAD = 8
ANSWER_HEAD = 24
PAYLOAD_MAX = 1024  # larger flash accesses are made in pieces of this size

SYNC = 0  # a: nonce; the answer is one packet that starts with 0x80 | nonce
HELLO = 1  # the shim is connected; mounting the file system comes next
BOOT_DONE = 2  # boot.py (and main.py) have ended, the prompt is next
IDLE = 3  # arg: microseconds; ends early on an interrupt
PIN_MODE = 4  # a: pin, b: mode | pull << 4 | has_level << 6 | level << 7; result: level
PIN_SET = 5  # a: pin, b: level; result: us of processor time that this ended
PIN_GET = 6  # a: pin; result: level
PIN_IRQ = 7  # a: pin, b: trigger, arg: slot
TIMER = 8  # a: slot, b: 1 periodic, arg: period in us, 0 stops it
SPI_INIT = 9  # a: bus, arg: baud
SPI = 10  # a: bus, b: 1 wants what came in, payload: out; payload back: in
I2C_INIT = 11  # a: bus, arg: baud
I2C_WRITE = 12  # a: bus, b: address, payload; result: 1 acknowledged
I2C_READ = 13  # a: bus, b: address, arg: length; result: 1 acknowledged
ADC = 14  # a: pin; result: 0..65535
PWM = 15  # a: pin, b: 0 stops, arg: frequency, payload: duty u16
UART_INIT = 16  # a: port, b: bits of a byte, arg: baud, payload: rxbuf, txbuf u16; result: place
UART_READ = 17  # a: port, arg: length; result: bytes given
UART_WRITE = 18  # a: port, payload; result: bytes taken
WDT_START = 19  # arg: milliseconds
WDT_FEED = 20  # result: us of processor time that this ended
RESET = 21  # a: reset cause of the next start, arg: ms of sleep before; never answered
FLASH_READ = 22  # arg: bytes read from the chip's file since the last call
FLASH_PROGRAM = 23  # arg: byte address, payload
FLASH_ERASE = 24  # arg: sector
WALL_TIME = 25  # result: seconds since 1970
RADIO = 26  # a: what of the radio, see below; only on boards that have one

IRQ_SLOTS = 16
UARTS = 3  # at most, and the place of one that is not there
PIO = 16  # the port of PIO state machine 0, where it serves as a UART

# What RADIO does. A result with RADIO_ERROR set is an errno in its low half.
RADIO_ERROR = 0x40000000
RADIO_ACTIVE = 0  # b: 0 off, 1 on, 2 asks; arg: interrupt slot; result: 1 on
RADIO_ADVERTISE = 1  # b: 1 on | 2 connectable | 4 data | 8 scan response; arg: us;
# payload: length of the data, data, scan response
RADIO_REGISTER = 2  # b: services, arg: bytes back; payload: definition; back: handles u16
RADIO_READ = 3  # arg: handle | offset << 16; result: bytes from there; payload back: a piece
RADIO_WRITE = 4  # b: 1 tells subscribers; arg: handle; payload
RADIO_NOTIFY = 5  # b: 1 indicate | 2 has data; arg: connection | handle << 16; payload
RADIO_BUFFER = 6  # b: 1 append; arg: handle | size << 16
RADIO_DISCONNECT = 7  # arg: connection; result: 1 there was one
RADIO_PAIR = 8  # arg: connection
RADIO_PASSKEY = 9  # b: action; arg: passkey; payload: connection u16
RADIO_SET = 10  # b: option; arg: value; payload: name
RADIO_GET = 11  # b: option; result: value; payload back: name or address
RADIO_NEXT = 12  # result: 1 an event; payload back: event, count and numbers u32, pieces
RADIO_ANSWER = 13  # b: 1 has one; payload: the secret; to the event handed out last

RADIO_PIECE = 512
RADIO_EVENT_SIZE = 224
RADIO_NONE = 0xFE  # in place of a piece's length
RADIO_END = 0xFF  # after the last piece

# Options of RADIO_SET and RADIO_GET.
RADIO_MTU = 0
RADIO_ADDR_MODE = 1
RADIO_BOND = 2
RADIO_MITM = 3
RADIO_IO = 4
RADIO_LE_SECURE = 5
RADIO_RXBUF = 6
RADIO_GAP_NAME = 7
RADIO_MAC = 8

# Reset causes, numbered as MicroPython's other ports number them.
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
