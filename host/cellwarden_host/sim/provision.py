"""Files that make a simulated board a commissioned one, as a person would have set it up.

Written by the firmware's own code for settings and records, so the board finds exactly what it
would have stored itself. Settings that the firmware would refuse are refused here too.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType

from cellwarden import ids
from cellwarden.migration import MAX_BYTES
from cellwarden.settings import BOARD, Settings
from cellwarden.tables import readings, rows, settings
from firmware.records import RecordStore

_INDEX = {row.name: getattr(ids, row.name.upper()) for row in settings.SETTINGS}
_RESULTS = next(r.choices for r in readings.READINGS if r.name == "commit_result")


class ProvisionError(ValueError):
    """These settings do not fit together; the text says which and why."""


def commissioned(
    board: ModuleType,
    chemistry: str = "nmc",
    cells: int = 24,
    capacity_mah: int = 100_000,
    calibrated: bool = True,
    changes: dict[str, int] | None = None,
) -> Settings:
    """Settings of a board that a person has set up for this pack."""
    made = Settings(board)
    wanted = {
        "cell_count": cells,
        "capacity_mah": capacity_mah,
        "confirmed": 1,
        "current_calibrated": int(calibrated),
        **(changes or {}),
    }
    made.begin(BOARD)
    made.preset(rows.CHEMISTRIES.index(chemistry))
    for name, value in wanted.items():
        if made.write(_INDEX[name], value) != ids.COMMIT_RESULT_IS_OK:
            raise ProvisionError("%s = %d is out of range" % (name, value))
    result = made.commit(True)
    if result != ids.COMMIT_RESULT_IS_OK:
        raise ProvisionError(
            "refused (%s) at register 0x%04X" % (_RESULTS[result], made.commit_address)
        )
    return made


def files(made: Settings) -> dict[str, bytes]:
    """What stands in /data of a board with these settings."""
    buf = bytearray(MAX_BYTES)
    length = made.dump(buf)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.a"
        store = RecordStore(str(path), str(path.with_suffix(".b")))
        if not store.save(buf, length):
            raise OSError("cannot write " + str(path))
        return {"/data/settings.a": path.read_bytes()}
