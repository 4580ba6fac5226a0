"""What a simulated central makes of an advertisement."""

from __future__ import annotations

from dataclasses import dataclass

from bumble import core, device


@dataclass(frozen=True)
class Seen:
    """One peripheral in sight."""

    name: str
    address: str
    connectable: bool
    rssi: int
    services: tuple[str, ...]
    data: bytes

    def fits(self, wanted: str) -> bool:
        """Whether this is what somebody calls ``wanted``: its name or its address."""
        return wanted in (self.name, self.address, self.address.removesuffix("/P"))


def text(uuid: core.UUID) -> str:
    """A UUID as people write it."""
    return str(uuid.to_hex_str("-")).lower()


def seen(advertisement: device.Advertisement) -> Seen:
    kinds = core.AdvertisingData.Type
    found = advertisement.data
    name = found.get(kinds.COMPLETE_LOCAL_NAME) or found.get(kinds.SHORTENED_LOCAL_NAME) or ""
    services: list[str] = []
    for kind in (
        kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    ):
        for uuids in found.get_all(kind):
            services += [text(uuid) for uuid in uuids]
    return Seen(
        str(name),
        str(advertisement.address),
        advertisement.is_connectable,
        advertisement.rssi,
        tuple(services),
        advertisement.data_bytes,
    )
