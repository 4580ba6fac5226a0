"""Access: who proves what, on which port, for how long; and that guessing is slow."""

from map_bench import PASSWORD

from cellwarden import access as a
from cellwarden import ids, passwords
from cellwarden.access import Access

INSTALLER, FACTORY = ids.ROLE_INSTALLER, ids.ROLE_FACTORY
SESSION_MS = 600_000
# The example of docs/access.md: password 123456, nonce 00..0f, port 2, installer.
KEY = "0d9a721d08fba2a3b603dd39dbc1fe30abc37fa92197acb27b7eb5f8a0029de7"
RESPONSE = "70941573a18a25a49904b44c346a053caaa1af3d66ab78e910c467019744f9d4"


class Door:
    """An Access with a clock and numbered nonces."""

    def __init__(self):
        self.now_ms = 0
        self.made = 0
        self.access = Access(self._random)
        self.pass_ms(0)

    def _random(self, n):
        self.made += 1
        return bytes([self.made] + [7] * (n - 1))

    def pass_ms(self, ms):
        self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
        self.access.step(self.now_ms, SESSION_MS)

    def ask(self, port=2, role=INSTALLER):
        return self.access.challenge(port, role, self.now_ms)

    def answer(self, port=2, role=INSTALLER, password=PASSWORD, nonce=None):
        open_nonce = self.access.nonce(port)
        nonce = nonce or bytes(open_nonce or bytes(16))
        key = passwords.key_of(password, role)
        right = passwords.response(key, nonce, port, role)
        return self.access.respond(port, right, self.now_ms)

    def login(self, port=2, role=INSTALLER, password=PASSWORD):
        code = self.ask(port, role)
        return code if code else self.answer(port, role, password)


def padded(password):
    return password + bytes(16 - len(password))


def test_hmac_gives_the_published_results():
    # RFC 4231, test cases 1 and 2
    assert passwords.hmac_sha256(b"\x0b" * 20, b"Hi There").hex() == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert passwords.hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_the_documented_example_of_a_login_holds():
    key = passwords.key_of(b"123456", INSTALLER)
    nonce = bytes(range(16))
    assert key.hex() == KEY
    assert passwords.response(key, nonce, 2, INSTALLER).hex() == RESPONSE


def test_the_shipped_password_opens_an_installer_session_and_says_so():
    d = Door()
    assert d.access.factory_password
    assert d.access.role(2) == ids.ROLE_ANYONE
    assert d.login() == a.OK
    assert d.access.role(2) == INSTALLER


def test_a_session_belongs_to_its_port():
    d = Door()
    d.login(2)
    assert d.access.role(1) == d.access.role(3) == ids.ROLE_ANYONE
    d.ask(3)
    nonce = bytes(d.access.nonce(3))
    key = passwords.key_of(PASSWORD, INSTALLER)
    for_other_port = passwords.response(key, nonce, 2, INSTALLER)
    assert d.access.respond(3, for_other_port, d.now_ms) == a.WRONG


def test_the_charger_s_port_never_gets_a_session():
    d = Door()
    assert d.ask(1) == a.NOT_HERE and d.access.nonce(1) is None
    assert d.answer(1) == a.NO_CHALLENGE
    assert d.access.role(1) == ids.ROLE_ANYONE
    for port in (0, 4, 99):
        assert d.ask(port) == a.NOT_HERE and d.access.role(port) == ids.ROLE_ANYONE


def test_a_nonce_is_used_once():
    d = Door()
    d.ask()
    nonce = bytes(d.access.nonce(2))
    assert d.answer() == a.OK
    d.access.logout(2)
    assert d.answer(nonce=nonce) == a.NO_CHALLENGE
    d.ask()
    assert d.access.nonce(2) != nonce
    assert d.answer(nonce=nonce) == a.WRONG
    assert d.access.nonce(2) is None


def test_a_nonce_grows_too_old():
    d = Door()
    d.ask()
    d.pass_ms(a.NONCE_MS - 1)
    assert d.answer() == a.OK
    d.ask()
    d.pass_ms(a.NONCE_MS)
    assert d.answer() == a.NO_CHALLENGE and d.access.nonce(2) is None
    d.ask()
    d.now_ms += a.NONCE_MS  # too old even if no step has noticed yet
    assert d.answer() == a.NO_CHALLENGE


def test_a_session_ends_unused_and_lives_while_used():
    d = Door()
    d.login()
    d.pass_ms(SESSION_MS - 1)
    assert d.access.role(2) == INSTALLER and d.access.session_left_s(2, d.now_ms) == 1
    d.access.touch(2, d.now_ms)
    d.pass_ms(SESSION_MS - 1)
    assert d.access.role(2) == INSTALLER
    d.pass_ms(1)
    assert d.access.role(2) == ids.ROLE_ANYONE and d.access.session_left_s(2, d.now_ms) == 0


def test_logout_ends_the_session_and_the_challenge():
    d = Door()
    d.login()
    d.ask()
    d.access.logout(2)
    assert d.access.role(2) == ids.ROLE_ANYONE and d.access.nonce(2) is None


def test_asking_again_keeps_the_session_that_is_open():
    d = Door()
    d.login()
    d.ask()
    assert d.access.role(2) == INSTALLER


def test_the_third_wrong_answer_locks_and_each_more_locks_longer():
    d = Door()
    for _ in range(2):
        assert d.login(password=b"guess1") == a.WRONG
        assert d.access.lockout_s(2, d.now_ms) == 0
    for seconds in (10, 60, 300, 900, 3600, 3600):
        assert d.login(password=b"guess1") == a.WRONG
        assert d.access.lockout_s(2, d.now_ms) == seconds
        assert d.login() == a.LOCKED_OUT
        d.pass_ms(seconds * 1000 - 1)
        assert d.ask() == a.LOCKED_OUT
        d.pass_ms(1)
        assert d.access.lockout_s(2, d.now_ms) == 0
    assert d.login() == a.OK


def test_a_right_answer_forgives_the_wrong_ones():
    d = Door()
    for _ in range(5):
        assert d.login(password=b"guess1") == a.WRONG
        assert d.login(password=b"guess1") == a.WRONG
        assert d.login() == a.OK
    assert d.access.wrong_tries(2) == 0


def test_a_lock_out_is_one_port_s_alone():
    d = Door()
    for _ in range(3):
        d.login(3, password=b"guess1")
    assert d.login(3) == a.LOCKED_OUT and d.login(2) == a.OK


def stored(access):
    buf = bytearray(256)
    return buf, access.dump(buf)


def test_a_restart_is_no_way_round_a_lock_out():
    d = Door()
    for _ in range(4):
        d.login(password=b"guess1")
        d.pass_ms(10_000)
    d.access.changed = False
    buf, n = stored(d.access)
    e = Door()
    e.now_ms = 0x3FFFFFF0  # the clock after a restart may stand anywhere
    assert e.access.load(buf, n, e.now_ms)
    assert e.login() == a.LOCKED_OUT and e.access.lockout_s(2, e.now_ms) == 60
    e.pass_ms(60_000)
    assert e.login() == a.OK and e.access.changed


def test_wrong_answers_ask_to_be_stored():
    d = Door()
    assert not d.access.changed
    d.login(password=b"guess1")
    assert d.access.changed


def test_a_password_changes_in_a_session_only_and_never_on_the_chargers_port():
    d = Door()
    new = padded(b"correct horse")
    for port in (0, 1, 2, 3, 4):
        assert d.access.set_password(port, new) == a.NOT_HERE
    d.login(3)
    assert d.access.set_password(2, new) == a.NOT_HERE
    assert d.access.set_password(3, padded(b"over the air")) == a.OK  # encrypted, or no bytes
    d.login(2, password=b"over the air")
    assert d.access.set_password(2, new) == a.OK
    assert not d.access.factory_password and d.access.changed
    d.access.logout(2)
    assert d.login() == a.WRONG
    assert d.login(password=b"correct horse") == a.OK


def test_changing_back_to_the_shipped_password_is_noticed():
    d = Door()
    d.login()
    d.access.set_password(2, padded(b"something"))
    d.access.set_password(2, padded(b"123456"))
    assert d.access.factory_password


def test_a_password_is_six_to_sixteen_bytes_of_text():
    d = Door()
    d.login()
    for bad in (padded(b""), padded(b"12345"), padded(b"abc\0defgh"), padded(b"tab\tbed")):
        assert d.access.set_password(2, bad) == a.BAD_PASSWORD
    assert d.access.set_password(2, b"exactly 16 bytes") == a.OK
    assert d.login(password=b"exactly 16 bytes") == a.OK


def test_there_is_no_factory_role_until_it_is_given_and_it_is_given_once():
    d = Door()
    assert d.ask(role=FACTORY) == a.NOT_HERE
    assert d.access.set_first_factory_password(padded(b"makers own")) == a.OK
    assert d.login(role=FACTORY, password=b"makers own") == a.OK
    assert d.access.role(2) == FACTORY
    assert d.access.set_first_factory_password(padded(b"another one")) == a.NOT_HERE


def test_the_same_password_makes_different_keys_for_different_roles():
    assert passwords.key_of(PASSWORD, INSTALLER) != passwords.key_of(PASSWORD, FACTORY)
    d = Door()
    d.access.set_first_factory_password(padded(b"makers own"))
    d.ask(role=FACTORY)
    assert d.answer(role=INSTALLER) == a.WRONG


def test_a_role_that_does_not_exist_cannot_be_asked_for():
    for role in (0, 3, 65535):
        assert Door().ask(role=role) == a.NOT_HERE


def test_a_factory_reset_brings_the_shipped_password_back_and_ends_sessions():
    d = Door()
    d.access.set_first_factory_password(padded(b"makers own"))
    d.login()
    d.access.set_password(2, padded(b"correct horse"))
    for _ in range(3):
        d.login(3, password=b"guess1")
    d.access.factory_reset()
    assert d.access.role(2) == ids.ROLE_ANYONE and d.access.factory_password
    assert d.login(3) == a.OK and d.login(2) == a.OK
    assert d.login(role=FACTORY, password=b"makers own") == a.OK  # the maker's stays


def test_keys_survive_a_restart_and_sessions_do_not():
    d = Door()
    d.login()
    d.access.set_password(2, padded(b"correct horse"))
    buf, n = stored(d.access)
    e = Door()
    assert e.access.load(buf, n, 0)
    assert e.access.role(2) == ids.ROLE_ANYONE
    assert not e.access.factory_password and not e.access.changed
    assert e.login(password=b"correct horse") == a.OK


def test_a_malformed_record_changes_nothing():
    d = Door()
    d.login()
    d.access.set_password(2, padded(b"correct horse"))
    buf, n = stored(d.access)
    e = Door()
    for wrong in (0, 1, n - 1, n + 1):
        assert not e.access.load(buf, wrong, 0)
    buf[0] ^= 1
    assert not e.access.load(buf, n, 0)
    assert e.access.factory_password and e.login() == a.OK


def test_a_comparison_looks_at_every_byte():
    assert passwords.equal(b"abc", b"abc")
    for other in (b"abd", b"xbc", b"ab", b"abcd", b""):
        assert not passwords.equal(b"abc", other)
