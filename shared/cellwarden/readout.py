"""How a reading that is not known is marked, inside and on the wire.

Inside, ``readout`` arrays hold ABSENT, which no reading can be and which is a small integer on
every controller. On the wire it becomes 0x7FFF or 0x7FFFFFFF. Never a magic number elsewhere.
"""

ABSENT = -0x40000000
ABSENT_16 = 0x7FFF
ABSENT_HIGH = 0x7FFF  # the words of an absent 32-bit value
ABSENT_LOW = 0xFFFF
