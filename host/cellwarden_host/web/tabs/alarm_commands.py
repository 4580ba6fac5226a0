"""What a person does about alarms: release, confirm, replace; with the question for each.

Free of the browser. Releasing a latch is a person's word that the pack has been looked at: it is
asked for, and the board still decides.
"""

from __future__ import annotations

from collections.abc import Callable

from ...board import Board, Declined
from ...problems import Refused
from ...words import Said, say
from ..snapshot import Snapshot
from . import alarm_list

# command, what a person says by it, what has to be so
COMMANDS: tuple[tuple[str, Said, Callable[[Said], Said]], ...] = (
    (
        "clear_latches",
        say("Release latched protections"),
        lambda rules: say(
            "Have you looked at the pack, and is the cause gone?\n\n"
            "To be released: {rules}.\n\n"
            "The board lets go of a protection only when its value has recovered. Outputs that "
            "are allowed may then come on by themselves.",
            rules=rules,
        ),
    ),
    (
        "confirm_deep_discharge",
        say("Take discharged cells as they are"),
        lambda rules: say(
            "Has a person measured the empty cells, and may they still be charged?\n\n"
            "Concerned: {rules}.\n\n"
            "Charging cells that were discharged too deeply can set them on fire.",
            rules=rules,
        ),
    ),
    (
        "disconnect_replaced",
        say("Secondary disconnect has been replaced"),
        lambda rules: say(
            "Is a new fuse or a reset trip in place?\n\n"
            "Latched protections stay latched: {rules}.",
            rules=rules,
        ),
    ),
)


def offered(seen: Snapshot | None, language: str) -> dict[str, list[Said]]:
    """For each command, the rules it is about now; none where it is of no use."""
    if seen is None:
        return {}
    alarms = alarm_list.active(seen, (), language)
    person = [alarm for alarm in alarms if alarm.needs_person and _stands(alarm)]
    return {
        "clear_latches": [alarm.title for alarm in person],
        "confirm_deep_discharge": [
            alarm.title for alarm in person if alarm.now.rule.wait == "confirmation"
        ],
        "disconnect_replaced": (
            [alarm.title for alarm in person] or [say("nothing")]
            if seen.get("secondary_fired")
            else []
        ),
    }


def _stands(alarm: alarm_list.Alarm) -> bool:
    return alarm.now.active or alarm.now.latched


def command(board: Board, name: str) -> None:
    try:
        board.command(name, 1)
    except Declined as error:
        raise Refused(say("The board declined: {why}", why=str(error))) from error
