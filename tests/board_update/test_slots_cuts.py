"""A control record survives power loss at any byte of any write, whatever went before."""

from slot_copies import Copies, Cut, said

from board_update.slots import Control

CHANGES = (
    lambda c: c.installing(c.target()),
    lambda c: c.installed(c.target(), 7 << 10),
    lambda c: c.started(c.choose() or "a"),
    lambda c: c.confirm(c.choose() or "b"),
    lambda c: c.fail(c.choose() or "a", 1),
    lambda c: c.fail("b", 4),
    lambda c: c.prefer("a"),
    lambda c: c.prefer("b"),
    lambda c: c.ask(True),
    lambda c: c.told(),
)
SIZE = 36


def histories():
    """Sequences of changes, the same ones on every runtime."""
    seed = 12345
    for _ in range(40):
        history = []
        for _ in range(8):
            seed = (seed * 1103 + 12345) & 0xFFFFFF
            history.append(CHANGES[(seed >> 8) % len(CHANGES)])
        yield history


def test_a_cut_at_any_byte_leaves_the_record_of_before_or_after():
    cuts = 0
    for history in histories():
        copies = Copies()
        for change in history:
            before = said(Control(copies.load, copies.store))
            held = list(copies.copies)
            control = Control(copies.load, copies.store)
            change(control)
            after = said(Control(copies.load, copies.store))
            assert after == said(control)
            changed = list(copies.copies)
            for at in range(SIZE + 1):
                copies.copies = list(held)
                copies.left = at
                try:
                    change(Control(copies.load, copies.store))
                except Cut:
                    cuts += 1
                found = said(Control(copies.load, copies.store))
                assert found == before or found == after, at
                copies.left = None
                change(Control(copies.load, copies.store))  # and it can be written again
            copies.copies = changed
    assert cuts > 5000


def test_a_record_survives_the_sequence_turning_round():
    copies = Copies()
    control = Control(copies.load, copies.store)
    control._sequence = 0x3FFFFFFE
    for i in range(5):
        assert control.ask(bool(i % 2))
        assert Control(copies.load, copies.store).asked == bool(i % 2)


def test_any_flipped_byte_of_a_copy_leaves_the_other():
    copies = Copies()
    control = Control(copies.load, copies.store)
    control.installed("b", 5)
    control.confirm("b")
    older = copies.copies[0]
    newer = copies.copies[1]
    for at in range(SIZE):
        copies.copies = [older, newer[:at] + bytes([newer[at] ^ 0x10]) + newer[at + 1 :]]
        found = Control(copies.load, copies.store)
        assert not found.fresh and found.choose() == "b" and found.starts("b") == 3
