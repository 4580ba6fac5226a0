"""Finds the requests to one unit in a stream of bytes from a shared serial line.

On the line are requests to this unit, requests to others, the replies of others, and noise.
A frame is known by its own length and checksum; silence decides only where the length cannot.
A frame inside another one is data, so it must not be taken for a request while the outer frame
goes on coming in. No bytes with a wrong checksum may ever be handed on.

How it judges: the oldest byte is taken for the beginning of a frame. Complete with a good
checksum: the frame is handed on (ours) or dropped (another unit's). Cannot be a frame: one
byte is dropped. Not complete: wait, until
- ``settle_ms`` of silence: if the bytes end with a whole request to us, it is taken: what lies
  before it was noise that looked like the beginning of something longer. Likewise a request
  to us whose function has no known length;
- ``gap_ms`` of silence: the beginning is given up, and the bytes behind it are judged; when
  more bytes have come by then, only whether they complete it.
So a gap shorter than ``gap_ms`` inside a frame is harmless, unless it is longer than
``settle_ms`` and lies exactly behind a whole request to us among the frame's data.
"""

from . import crc
from .codec import (
    BROADCAST,
    MAX_FRAME,
    MAX_REQUEST,
    MAX_UNIT,
    MIN_FRAME,
    UNKNOWN,
    reply_length,
    request_length,
)

_MASK = 0x3FFFFFFF  # times and counters have 30 bits, so that they stay small integers
_HALF = 0x20000000
_WAIT = 0
_SKIP = -1
_SIZE = 2 * MAX_FRAME
# Longest work of one call, in bytes of checksum (about 10 us each on an RP2040): noise must not
# hold up the tick. What is left over is done by the next call.
_WORK = 300
_SKIP_WORK = 10  # what it costs to drop a byte
_LOOK_WORK = 30  # and to see that it could begin a frame


class Framer:
    """Bytes in by ``put``, requests out by ``find``. Times are 30-bit milliseconds."""

    def __init__(self, address, gap_ms=50, settle_ms=5):
        self.address = address  # may be changed at any time
        self.gap_ms = gap_ms
        self.settle_ms = settle_ms
        # Counters, 30 bits each.
        self.frames_good = 0  # requests to this unit or to all
        self.other_unit = 0  # good frames of other units
        self.crc_errors = 0  # runs of bytes that were no frame
        self._rx = bytearray(_SIZE)
        self._head = 0  # the byte taken for the beginning of a frame
        self._end = 0
        self._cut = 0  # bytes before this index were followed by a long silence
        self._crc = crc.START  # over the first _done bytes from _head
        self._done = 0
        self._start = 0  # the request last found
        self._work = 0
        self._heard_ms = 0
        self._waiting = False  # nothing to do before more bytes or silence
        self._settled = False
        self._in_noise = False

    def put(self, buf, n, now_ms):
        """Take ``n`` bytes that came in just now. The request last found is gone."""
        if self._head < self._cut:
            self._drop(self._cut)  # nobody waits for an answer from before the silence
        if self._silent_ms(now_ms) >= self.gap_ms:
            self._in_noise = False
            self._cut = self._end
        self._heard_ms = now_ms
        self._waiting = False
        self._settled = False
        self._work = _WORK
        first = n - _SIZE if n > _SIZE else 0
        if self._end + n > _SIZE:
            self._make_room(n)
        rx = self._rx
        end = self._end
        for i in range(first, n):
            rx[end] = buf[i]
            end += 1
        self._end = end

    def clear(self):
        """Forget what came in: it was another's."""
        self._drop(self._end)
        self._waiting = self._settled = self._in_noise = False

    def find(self):
        """Length of the next request in the bytes so far, 0 when there is none.

        The request begins at ``_rx[_start]`` and stays there until the next ``put``.
        """
        while self._head < self._end and not self._waiting and self._work > 0:
            length = self._judge(self._end - self._head)
            if length > 0:
                if self._take(self._head, length):
                    return length
            elif length == _WAIT and self._head >= self._cut:
                self._waiting = True
            else:
                self._skip()
        return 0

    def find_after_silence(self, now_ms):
        """Like ``find``, when no bytes came; silence may decide on those that wait."""
        self._work = _WORK
        length = self.find()
        if length or self._work <= 0 or self._head == self._end:
            return length
        silent_ms = self._silent_ms(now_ms)
        if silent_ms >= self.gap_ms:
            length = self._request_at_end(True)
            self._cut = self._end
            self._waiting = False
            return length or self.find()
        if silent_ms >= self.settle_ms and not self._settled:
            self._settled = True
            return self._request_at_end(False)
        return 0

    def _silent_ms(self, now_ms):
        silent_ms = (now_ms - self._heard_ms) & _MASK
        return silent_ms if silent_ms < _HALF else 0

    def _judge(self, have):
        """Length of the good frame at the head, or _WAIT, or _SKIP."""
        rx = self._rx
        head = self._head
        unit = rx[head]
        if unit > MAX_UNIT:
            return _SKIP
        if have < 2:
            return _WAIT
        function = rx[head + 1]
        if function == 0:
            return _SKIP
        self._work -= _LOOK_WORK
        length = request_length(rx, head, have)
        if unit == BROADCAST or unit == self.address:
            if length == UNKNOWN:
                # Only a request to us alone is worth waiting for: it is owed an exception.
                return _SKIP if unit == BROADCAST or function & 0x80 else _WAIT
            return self._judge_length(length, have)
        other = reply_length(rx, head, have)
        if other == UNKNOWN:
            return self._judge_any(have)
        if length == UNKNOWN or length == other:
            return self._judge_length(other, have)
        if other < length:
            length, other = other, length
        verdict = self._judge_length(length, have)
        return verdict if verdict != _SKIP else self._judge_length(other, have)

    def _judge_length(self, length, have):
        """Carry the checksum on; the verdict if the frame can only have this length."""
        done = self._done
        end = have if have < length else length
        if done < end:
            head = self._head
            self._crc = crc.update(self._crc, self._rx, head + done, head + end)
            self._done = end
            self._work -= end - done
        if length > have:
            return _WAIT
        return length if self._crc == 0 and self._done == length else _SKIP

    def _judge_any(self, have):
        """Another unit's frame of unknown length ends where its checksum fits."""
        if have > MAX_FRAME:
            return _SKIP
        rx = self._rx
        head = self._head
        table = crc.TABLE
        value = self._crc
        done = self._done
        self._work -= have - done
        while done < have:
            value = (value >> 8) ^ table[(value ^ rx[head + done]) & 0xFF]
            done += 1
            if value == 0 and done >= MIN_FRAME:
                return done
        self._crc = value
        self._done = done
        return _WAIT

    def _request_at_end(self, ended):
        """Length of the request that ends with the last byte, 0 if there is none.

        The first is one even if its length is not known; and, when the frame has surely
        ``ended``, if its byte count tells of bytes that never came.
        """
        rx = self._rx
        head = self._head
        end = self._end
        address = self.address
        for at in range(max(head, end - MAX_REQUEST), end - MIN_FRAME + 1):
            unit = rx[at]
            if (unit == address or unit == BROADCAST) and self._work > 0:
                length = request_length(rx, at, end - at)
                if length == end - at or (
                    at == head and (ended or length == UNKNOWN) and 0 < rx[at + 1] < 0x80
                ):
                    self._work -= end - at
                    if crc.update(crc.START, rx, at, end) == 0:
                        self._take(at, end - at)
                        return end - at
        return 0

    def _skip(self):
        """The byte at the head begins no frame."""
        if not self._in_noise:
            self._in_noise = True
            self.crc_errors = (self.crc_errors + 1) & _MASK
        self._work -= _SKIP_WORK
        head = self._head
        cut = self._cut
        end = self._end
        if head < cut < end:
            head = cut  # what came before a silence had its chance to be completed
        else:
            rx = self._rx
            head += 1
            while head < end and rx[head] > MAX_UNIT:
                head += 1
        self._drop(head)

    def _take(self, start, length):
        """Count the frame and step behind it; True when it is for this unit."""
        self._in_noise = False
        unit = self._rx[start]
        self._drop(start + length)
        if unit == self.address or unit == BROADCAST:
            self._start = start
            self.frames_good = (self.frames_good + 1) & _MASK
            return True
        self.other_unit = (self.other_unit + 1) & _MASK
        return False

    def _drop(self, head):
        """Begin again at index ``head``; the dropped bytes stay where they are."""
        self._crc = crc.START
        self._done = 0
        if head >= self._end:
            head = self._end = self._cut = 0
        self._head = head

    def _make_room(self, n):
        """Move what is pending to the front; if that is not enough, it was noise."""
        rx = self._rx
        head = self._head
        pending = self._end - head
        if pending + n > _SIZE:
            self._drop(self._end)
            return
        for i in range(pending):
            rx[i] = rx[head + i]
        self._head = 0
        self._end = pending
        self._cut = self._cut - head if self._cut > head else 0
