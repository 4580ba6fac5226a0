"""Who may write: roles, sessions, challenges, lock-out. docs/access.md tells clients how.

A session belongs to one port. It begins with the right answer to a challenge (HMAC over a
nonce that is used once and soon too old), ends when unused or by logout, and is never opened
on RS485-1, the charger's port. Nothing here tells a key to anybody. Answering "which role has
this port" allocates nothing.
"""

from . import ids
from .passwords import KEY_BYTES, NONCE_BYTES, PASSWORD_BYTES, equal, is_good, key_of, response
from .ticks import MASK, elapsed_ms

PORT_CHARGER = 1  # RS485-1
PORT_PC = 2  # RS485-2
PORT_BLUETOOTH = 3
PORTS = 4  # by number; 0 is nobody

OK = 0
WRONG = 1  # the answer was wrong
LOCKED_OUT = 2
NOT_HERE = 3  # not on this port, or the role does not exist, or no session
NO_CHALLENGE = 4  # none asked for, or too old
BAD_PASSWORD = 5  # too short, or not text

FACTORY_PASSWORD = b"123456"
NONCE_MS = 30_000
FREE_TRIES = 2  # the third wrong answer in a row locks
_LOCK_S = (10, 60, 300, 900, 3600)
_VERSION = 2
_ROLES = 4
# A lessor may all that an installer may, and the maker all that a lessor may.
_RANK = bytes((0, 1, 3, 2))


def lock_ms(wrong):
    """How long so many wrong answers in a row lock."""
    over = wrong - FREE_TRIES - 1
    return _LOCK_S[min(over, len(_LOCK_S) - 1)] * 1000 if over >= 0 else 0


class Access:
    """``random_bytes(n)`` gives n unpredictable bytes; nothing in shared code can."""

    def __init__(self, random_bytes):
        self._random = random_bytes
        self._keys = [b""] * _ROLES
        self._role = bytearray(PORTS)
        self._used_ms = [0] * PORTS
        self._session_ms = 0
        self._nonce = [bytearray(NONCE_BYTES) for _ in range(PORTS)]
        self._nonce_role = bytearray(PORTS)  # 0: no challenge is open
        self._nonce_ms = [0] * PORTS
        self._wrong = bytearray(PORTS)  # wrong answers in a row
        self._lock_ms = [0] * PORTS  # how long a lock-out lasts; 0: none
        self._locked_ms = [0] * PORTS  # since when
        self.factory_password = True  # anybody knows the installer's password
        self.changed = False  # something must be stored; whoever stores it clears this
        self.now_ms = 0  # time of the newest step: what requests between ticks go by
        self.factory_reset()
        self.changed = False

    # --- sessions

    def role(self, port):
        """Role of a port's session, ids.ROLE_*."""
        return self._role[port] if 0 < port < PORTS else ids.ROLE_ANYONE

    def may(self, port, needed):
        """True when a port's session may do what the role ``needed`` may."""
        return _RANK[self.role(port)] >= _RANK[needed]

    def anyone(self):
        """True while a session is open on any port."""
        for port in range(1, PORTS):
            if self._role[port]:
                return True
        return False

    def touch(self, port, now_ms):
        """The session was used for writing: its time begins anew."""
        self._used_ms[port] = now_ms

    def step(self, now_ms, session_ms):
        """End what is over; to be called at least once a second."""
        self.now_ms = now_ms
        self._session_ms = session_ms
        for port in range(1, PORTS):
            if self._role[port] and elapsed_ms(now_ms, self._used_ms[port]) >= session_ms:
                self.logout(port)
            if self._nonce_role[port] and elapsed_ms(now_ms, self._nonce_ms[port]) >= NONCE_MS:
                self._forget_nonce(port)
            if self._lock_ms[port] and not self._lock_left_ms(port, now_ms):
                self._lock_ms[port] = 0

    def session_left_s(self, port, now_ms):
        """Seconds, rounded up, until a port's session ends unused; 0 without one."""
        if not self.role(port):
            return 0
        left_ms = self._session_ms - elapsed_ms(now_ms, self._used_ms[port])
        return (left_ms + 999) // 1000 if left_ms > 0 else 0

    def lockout_s(self, port, now_ms):
        """Seconds, rounded up, until a port may try again."""
        return (self._lock_left_ms(port, now_ms) + 999) // 1000 if 0 < port < PORTS else 0

    def logout(self, port):
        """End a port's session and drop its challenge."""
        self._role[port] = ids.ROLE_ANYONE
        self._forget_nonce(port)

    # --- logging in

    def challenge(self, port, role, now_ms):
        """Make a fresh nonce for ``role``."""
        self._forget_nonce(port)
        if port == PORT_CHARGER or not 0 < port < PORTS:
            return NOT_HERE
        if not 0 < role < _ROLES or not self._keys[role]:
            return NOT_HERE
        if self._lock_left_ms(port, now_ms):
            return LOCKED_OUT
        self._nonce[port][:] = self._random(NONCE_BYTES)
        self._nonce_role[port] = role
        self._nonce_ms[port] = now_ms
        return OK

    def nonce(self, port):
        """The open challenge of a port; None when there is none."""
        if 0 < port < PORTS and self._nonce_role[port]:
            return self._nonce[port]
        return None

    def asked_role(self, port):
        """Role that a port's open challenge is for; 0 without one."""
        return self._nonce_role[port] if 0 < port < PORTS else 0

    def respond(self, port, answer, now_ms):
        """Judge the answer to a port's challenge, which is used up by this."""
        if not 0 < port < PORTS:
            return NOT_HERE
        if self._lock_left_ms(port, now_ms):
            return LOCKED_OUT
        role = self._nonce_role[port]
        if not role or elapsed_ms(now_ms, self._nonce_ms[port]) >= NONCE_MS:
            return NO_CHALLENGE
        right = response(self._keys[role], self._nonce[port], port, role)
        self._forget_nonce(port)
        if not equal(right, answer):
            self._count_wrong(port, now_ms)
            return WRONG
        if self._wrong[port]:
            self._wrong[port] = 0
            self.changed = True
        self._role[port] = role
        self._used_ms[port] = now_ms
        return OK

    def wrong_tries(self, port):
        """Wrong answers in a row on a port."""
        return self._wrong[port]

    # --- passwords

    def set_password(self, port, padded):
        """New password, zero padded to 16 bytes, for the role of a session where nobody else
        listens: on the PC port, or on Bluetooth, whose bytes come encrypted or not at all."""
        role = self.role(port)
        if port not in (PORT_PC, PORT_BLUETOOTH) or not role:
            return NOT_HERE
        return self._set_key(role, padded)

    def set_first_factory_password(self, padded):
        """Give the board its factory role; only while it has none."""
        if self._keys[ids.ROLE_FACTORY]:
            return NOT_HERE
        return self._set_key(ids.ROLE_FACTORY, padded)

    def set_lease_password(self, port, padded):
        """Give the board a lessor, or another password for him; all zero takes him away. Once
        there is one, only he and the maker may."""
        if self._keys[ids.ROLE_LESSOR] and not self.may(port, ids.ROLE_LESSOR):
            return NOT_HERE
        if padded.count(b"\0") < PASSWORD_BYTES:
            return self._set_key(ids.ROLE_LESSOR, padded)
        self._keys[ids.ROLE_LESSOR] = b""
        for other in range(1, PORTS):
            if self._role[other] == ids.ROLE_LESSOR:
                self.logout(other)
        self.changed = True
        return OK

    def factory_reset(self):
        """The installer's password as shipped, no sessions. The factory's key stays, and the
        lessor's: an installer could otherwise put one of his own in its place."""
        self._keys[ids.ROLE_INSTALLER] = key_of(FACTORY_PASSWORD, ids.ROLE_INSTALLER)
        self.factory_password = True
        for port in range(1, PORTS):
            self.logout(port)
            self._wrong[port] = 0
            self._lock_ms[port] = 0
        self.changed = True

    # --- storage

    def dump(self, buf):
        """Write what must survive a restart into ``buf``; return the number of bytes."""
        buf[0] = _VERSION
        at = 1
        for port in range(PORTS):
            buf[at + port] = self._wrong[port]
        at += PORTS
        for role in range(1, _ROLES):
            key = self._keys[role]
            buf[at] = len(key)
            for i in range(KEY_BYTES):
                buf[at + 1 + i] = key[i] if key else 0
            at += 1 + KEY_BYTES
        return at

    def load(self, buf, n, now_ms):
        """Take back what ``dump`` wrote; False, and nothing changed, when it is malformed.

        A port that was locked out starts locked out anew: a restart is no way round it.
        """
        roles = buf[0] + 2  # version 1 knew no lessor
        if not 1 <= buf[0] <= _VERSION or n != 1 + PORTS + (roles - 1) * (1 + KEY_BYTES):
            return False
        at = 1 + PORTS
        keys = [b""] * _ROLES
        for role in range(1, roles):
            length = buf[at]
            if length not in (0, KEY_BYTES) or (role == ids.ROLE_INSTALLER and not length):
                return False
            keys[role] = bytes(buf[at + 1 : at + 1 + length])
            at += 1 + KEY_BYTES
        self._keys = keys
        self._judge_password()
        for port in range(1, PORTS):
            self._wrong[port] = buf[1 + port]
            self._lock(port, now_ms)
        self.changed = False
        return True

    # --- inside

    def _set_key(self, role, padded):
        if not is_good(padded):
            return BAD_PASSWORD
        length = PASSWORD_BYTES
        while not padded[length - 1]:
            length -= 1
        self._keys[role] = key_of(padded[:length], role)
        self._judge_password()
        self.changed = True
        return OK

    def _judge_password(self):
        shipped = key_of(FACTORY_PASSWORD, ids.ROLE_INSTALLER)
        self.factory_password = equal(self._keys[ids.ROLE_INSTALLER], shipped)

    def _forget_nonce(self, port):
        if 0 < port < PORTS:
            self._nonce_role[port] = 0

    def _count_wrong(self, port, now_ms):
        if self._wrong[port] < 255:
            self._wrong[port] += 1
        self.changed = True
        self._lock(port, now_ms)

    def _lock(self, port, now_ms):
        self._lock_ms[port] = lock_ms(self._wrong[port])
        self._locked_ms[port] = now_ms & MASK

    def _lock_left_ms(self, port, now_ms):
        if not 0 < port < PORTS or not self._lock_ms[port]:
            return 0
        left_ms = self._lock_ms[port] - elapsed_ms(now_ms, self._locked_ms[port])
        return left_ms if left_ms > 0 else 0
