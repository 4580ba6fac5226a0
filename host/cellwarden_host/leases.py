"""Leases as people make them: for 30 days, until a date, 500 Ah, 20 cycles (docs/lease.md).

The lessor's session writes them; each time the board is told the date first, so that its clock
knows of what it missed. Dates are this PC's: a PC whose clock is wrong must be told so before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cellwarden import ids

from . import catalog, transaction
from .access_change import password_words
from .board import Board, Declined, Values
from .problems import BadInput, Refused
from .words import Said, say, schema

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
_MOST = catalog.SETTING["lease_end"].high
# The board's date and the PC's differ by more: somebody pulled the plug, or a clock is wrong.
_LAST_YEAR = (EPOCH + timedelta(seconds=_MOST)).year - 1
APART_S = 6 * 3600
NONE, DAYS, AH, CYCLES, DATE = range(5)
_COUNTERS = ("lease_clock_s", "lease_date_s", "discharged_mah", "cycles")


@dataclass(frozen=True)
class Terms:
    """What is agreed: ``amount`` days, Ah or cycles from now on, or the last day ``until``."""

    mode: int
    amount: int = 0
    until: date | None = None
    check_days: int = 30
    outage_minutes: int = 60


def seconds_of(moment: datetime) -> int:
    """A moment as the board counts it."""
    return int((moment - EPOCH).total_seconds())


def moment_of(seconds: int) -> datetime:
    """What the board counts, as a local time."""
    return (EPOCH + timedelta(seconds=seconds)).astimezone()


def end_of_day(day: date) -> datetime:
    """The end of a local day: what is paid until that day includes it."""
    return datetime.combine(day + timedelta(days=1), time()).astimezone()


def end_of(terms: Terms, now: Values, missed_s: int = 0) -> int:
    """``lease_end`` for these terms, from what the board has counted so far; a date told since
    has moved its clock by ``missed_s``."""
    if terms.mode == NONE:
        return 0
    if terms.mode == DATE:
        if terms.until is None:
            raise BadInput(say("choose the last day of the lease"))
        end = seconds_of(end_of_day(terms.until))
    elif terms.amount < 1:
        raise BadInput(say("enter how much is leased: 1 or more"))
    elif terms.mode == DAYS:
        end = now.known("lease_clock_s") + missed_s + terms.amount * _DAY_S
    elif terms.mode == AH:
        end = now.known("discharged_mah") // 1000 + terms.amount
    else:
        end = now.known("cycles") // 10 + terms.amount
    if end > _MOST:
        raise BadInput(say("that is more than a board can count"))
    return end


def check(terms: Terms, now: datetime) -> None:
    """Refuse terms that cannot be meant, before anybody is asked for a password."""
    if terms.mode == DATE and terms.until is not None and terms.until < now.date():
        raise BadInput(say("that day is over already"))
    if terms.mode == DATE and terms.until is not None and terms.until.year > _LAST_YEAR:
        raise BadInput(say("that is more than a board can count"))
    nothing = Values()
    for name in _COUNTERS:
        nothing.set(catalog.READING[name], [None])
    end_of(terms, nothing)


def tell_date(board: Board, now: datetime) -> bool:
    """Tell the board the date."""
    try:
        board.command_value("tell_date", seconds_of(now))
    except Declined as error:
        raise Refused(
            say(
                "the board does not take this date: only the lessor gives the first one and puts "
                "one back. Is this PC's clock right?"
            )
        ) from error
    return True


def grant(terms: Terms, now: Callable[[], datetime]) -> Callable[[Board], Values]:
    """The work that makes a lease, unlocks the pack with it, and reads it back."""

    def work(board: Board) -> Values:
        moment = now()
        check(terms, moment)
        counted = board.read([catalog.READING[name] for name in _COUNTERS])
        known_s = counted.one("lease_date_s")
        missed_s = 0 if known_s is None else max(0, seconds_of(moment) - known_s)
        end = end_of(terms, counted, missed_s)
        tell_date(board, moment)
        wanted = {
            ("lease_mode", 0): terms.mode,
            ("lease_end", 0): end,
            ("lease_check_days", 0): terms.check_days,
            ("lease_outage_minutes", 0): terms.outage_minutes,
            ("lease_locked", 0): 0,
        }
        return transaction.write(board, wanted)

    return work


def lock(locked: bool) -> Callable[[Board], Values]:
    """The work that locks the pack, or takes the lock off."""
    return lambda board: transaction.write(board, {("lease_locked", 0): int(locked)})


def become_lessor(password: str) -> Callable[[Board], bool]:
    """The work that gives the board a lessor, or its lessor a new password."""
    words = password_words(password)
    return lambda board: _password(board, words)


def hand_over(board: Board) -> bool:
    """End the lease and take the lessor's role away: the next owner is free."""
    transaction.write(board, {("lease_mode", 0): NONE, ("lease_locked", 0): 0})
    return _password(board, [0] * catalog.COMMANDS["lease_password"].registers)


def _password(board: Board, words: list[int]) -> bool:
    try:
        board.command("lease_password", *words)
    except Declined as error:
        raise Refused(
            say("the board has a lessor already: only the lessor or the maker changes that")
        ) from error
    return True


# --- in words


def terms_text(terms: Terms) -> Said:
    """What is agreed, in a sentence's part."""
    if terms.mode == DATE and terms.until is not None:
        return say("Leased until the end of {day}", day=terms.until.isoformat())
    if terms.mode == DAYS:
        return say("Leased for {count} days", count=terms.amount)
    if terms.mode == AH:
        return say("Leased for {count} Ah", count=terms.amount)
    if terms.mode == CYCLES:
        return say("Leased for {count} cycles", count=terms.amount)
    return say("No lease: the pack works without limit")


def left(seen: Any) -> Said:
    """What remains of the lease."""
    mode, count = seen.setting("lease_mode"), seen.get("lease_left")
    if not mode or count is None:
        return say("no lease")
    if mode == AH:
        return say("{count} Ah", count=count)
    if mode == CYCLES:
        return say("{count} cycles", count=count)
    return duration(count)


def duration(seconds: int) -> Said:
    """A stretch of time, as coarse as it may be."""
    days, hours = divmod(seconds // 3600, 24)
    if days:
        return say("{days} d {hours} h", days=days, hours=hours)
    return say("{hours} h {minutes} min", hours=hours, minutes=seconds // 60 % 60)


def until(seen: Any) -> str:
    """What the lease runs to: a date, or a count."""
    mode, end = seen.setting("lease_mode"), seen.setting("lease_end")
    if not mode or end is None:
        return say("no lease")
    if mode == DATE:
        return f"{moment_of(end):%Y-%m-%d %H:%M}"
    if mode == AH:
        return say("{count} Ah taken out in all", count=end)
    if mode == CYCLES:
        return say("{count} cycles in all", count=end)
    date, rest = seen.get("lease_date_s"), seen.get("lease_left")
    if date is not None and rest is not None:
        return f"{moment_of(date + rest):%Y-%m-%d %H:%M}"
    return say("day {days} on the pack's clock", days=end // _DAY_S)


def for_the_user(seen: Any) -> Said:
    """What somebody who uses the pack should read about it now."""
    state = seen.get("lease_state")
    rest = left(seen)
    if state is None:
        return say("This board's firmware does not know leases.")
    if state == ids.LEASE_STATE_IS_NONE:
        return say("The pack is not leased; it works without limit.")
    if state == ids.LEASE_STATE_IS_RUNNING:
        return say("The pack is leased; {left} remain.", left=rest)
    if state == ids.LEASE_STATE_IS_ENDING:
        return say("The lease ends soon: ask the lessor. {left} remain.", left=_nearest(seen))
    return say(
        "{why} The pack goes on while current flows, and gives no more current once it has "
        "rested for 10 minutes. It can be charged. Ask the lessor to unlock it.",
        why=_WHY[state],
    )


_WHY = {
    ids.LEASE_STATE_IS_ENDED: say("What was paid for is used up."),
    ids.LEASE_STATE_IS_DATE_NEEDED: say("The lessor has not told the pack the date for too long."),
    ids.LEASE_STATE_IS_LOCKED: say("The lessor has locked the pack."),
}


def _nearest(seen: Any) -> Said:
    check_s, mode = seen.get("lease_check_left_s"), seen.setting("lease_mode")
    if check_s is not None and (mode not in (DAYS, DATE) or check_s < seen.get("lease_left")):
        return duration(check_s)
    return left(seen)


def clock_apart(seen: Any, now: datetime) -> Said | None:
    """What is odd about the board's date, if anything."""
    told = seen.get("lease_date_s")
    if told is None:
        return say("The board does not know the date: nobody has told it.")
    apart_s = seconds_of(now) - told
    if apart_s > APART_S:
        return say(
            "The board is {behind} behind: it was without supply, or this PC's clock is wrong.",
            behind=duration(apart_s),
        )
    if apart_s < -APART_S:
        return say(
            "The board is {ahead} ahead: outages have their price, or this PC's clock is wrong.",
            ahead=duration(-apart_s),
        )
    return None


def state(seen: Any) -> Said:
    """The state of the lease in a word."""
    count = seen.get("lease_state")
    if count is None:
        return say("not known")
    if count == ids.LEASE_STATE_IS_NONE:
        return say("not leased")
    return schema.choice(catalog.READING["lease_state"], count)
