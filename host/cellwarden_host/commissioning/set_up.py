"""What the wizard writes besides proofs: the pack, its harness, its sensors, its limits.

Chemistry, cells and capacity are written unconfirmed: the board stays off until a person has
seen the harness and confirms, together with the limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cellwarden.readings import MAX_CELLS

from .. import catalog, rehearsal, transaction
from ..board import Board, Values
from ..problems import BadInput
from ..rehearsal import Key
from ..words import say

_SPAN = re.compile(r"(\d+)\s*(?:[-–~]\s*(\d+))?")
IDENTITY = ("chemistry", "cell_count", "capacity_mah", "cell_channel")
LIMITS = (
    "charge_current_ma",
    "discharge_current_ma",
    "cell_ov1_mv",
    "cell_uv1_mv",
    "charge_cell_mv",
    "charge_ot_dc",
    "charge_ut_dc",
    "discharge_ot_dc",
    "discharge_ut_dc",
)


@dataclass(frozen=True)
class Pack:
    """``channels`` is empty where the board spreads the cells evenly."""

    chemistry: int
    cells: int
    capacity_mah: int
    channels: tuple[int, ...] = ()

    def wanted(self) -> dict[Key, int]:
        wanted: dict[Key, int] = {
            ("cell_count", 0): self.cells,
            ("capacity_mah", 0): self.capacity_mah,
        }
        for i in range(MAX_CELLS):
            wanted["cell_channel", i] = self.channels[i] if i < len(self.channels) else 0
        return wanted

    @staticmethod
    def of(settings: Values) -> Pack:
        """The pack that the board is set to."""
        cells = settings.known("cell_count")
        channels = tuple(channel or 0 for channel in settings.all("cell_channel")[:cells])
        return Pack(
            settings.known("chemistry"),
            cells,
            settings.known("capacity_mah"),
            channels if any(channels) else (),
        )


def channels_in(text: str, cells: int) -> tuple[int, ...]:
    """``1-7, 13-19`` as the harness channel of each cell; empty for "evenly"."""
    found: list[int] = []
    for part in re.split(r"[,;，、\s]+", text.strip()):
        if not part:
            continue
        match = _SPAN.fullmatch(part)
        if match is None:
            raise BadInput(say("'{part}' is no channel; write them like 1-7, 13-19", part=part))
        first, last = int(match[1]), int(match[2] or match[1])
        found.extend(range(first, last + 1))
    if found and len(found) != cells:
        raise BadInput(say("{found} channels for {cells} cells", found=len(found), cells=cells))
    if found != sorted(set(found)):
        raise BadInput(say("channels must rise from cell to cell"))
    return tuple(found)


def channels_text(channels: tuple[int, ...]) -> str:
    """The other way round: neighbours as spans."""
    spans: list[list[int]] = []
    for channel in channels:
        if spans and spans[-1][1] + 1 == channel:
            spans[-1][1] = channel
        else:
            spans.append([channel, channel])
    return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in spans)


def preview(before: Values, pack: Pack) -> list[transaction.Change]:
    """What ``write_pack`` would change; raises ``Refused`` with the reason."""
    return rehearsal.rehearse(before, pack.wanted(), _preset(before, pack))


def write_pack(board: Board, pack: Pack) -> bool:
    """Write it, with its chemistry's defaults where that is new; False: nothing to change."""
    before = board.read(rehearsal.NEEDED)
    if not preview(before, pack):
        return False
    transaction.write(board, pack.wanted(), _preset(before, pack))
    return True


def _preset(before: Values, pack: Pack) -> int | None:
    return pack.chemistry if before.one("chemistry") != pack.chemistry else None


def write_sensors(board: Board, fitted: int) -> None:
    """Which sensors there are, one bit each."""
    transaction.write(board, {("temps_fitted", 0): fitted})


def write_limits(board: Board, limits: Mapping[str, int]) -> Values:
    """The limits, and with them a person's word that the pack is what it is set to."""
    wanted: dict[Key, int] = {(name, 0): count for name, count in limits.items()}
    wanted["confirmed", 0] = 1
    return transaction.write(board, wanted)


def limit_rows() -> list[Any]:
    return [catalog.SETTING[name] for name in LIMITS]
