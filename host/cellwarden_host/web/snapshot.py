"""What was known of a board at one moment; never changed afterwards, so any page may read it.

Whether it still holds is not written here: that is the station's to say (``Station.fresh``).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..board import Values


@dataclass(frozen=True)
class Snapshot:
    """One good look. ``taken_s`` is monotonic, ``at`` is the PC's clock in seconds since 1970.

    ``connection`` counts connects: with a new number it may be another board. A row that this
    board's firmware does not have reads None, like a value it does not know.
    """

    number: int
    taken_s: float
    at: float
    connection: int
    schema: int
    values: Values
    settings: Values
    texts: dict[str, str]

    def get(self, name: str) -> int | None:
        """A reading's count."""
        return self.values.one(name) if name in self.values else None

    def all(self, name: str) -> list[int | None]:
        """A reading's elements."""
        return self.values.all(name) if name in self.values else []

    def setting(self, name: str, element: int = 0) -> int | None:
        """A setting's count as stored; 0 is "automatic" where the schema says so."""
        return self.settings.all(name)[element] if name in self.settings else None

    def known(self, name: str, otherwise: int = 0) -> int:
        value = self.get(name)
        return otherwise if value is None else value

    @property
    def machine_code(self) -> str:
        return self.texts.get("machine_code", "")
