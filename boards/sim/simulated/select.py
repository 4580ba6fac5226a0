"""``select`` on the simulated board: waiting is letting virtual time pass.

asyncio waits by polling. No stream can be registered: the firmware polls its ports itself,
and a port that waited in here would wait in real time.
"""

import simlink

POLLIN = 1
POLLPRI = 2
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_NOTHING = ()
_LONGEST_MS = 4_000_000  # the microseconds of one request have 32 bits


class poll:
    def register(self, stream, mask=0):
        raise OSError(22)  # EINVAL

    modify = register

    def unregister(self, stream):
        pass

    def ipoll(self, timeout_ms=-1, flags=0):
        if timeout_ms == 0:
            simlink.spin()
        elif 0 < timeout_ms < _LONGEST_MS:
            simlink.idle(timeout_ms * 1000)
        else:
            simlink.idle(_LONGEST_MS * 1000)
        return _NOTHING

    def poll(self, timeout_ms=-1):
        self.ipoll(timeout_ms)
        return []
