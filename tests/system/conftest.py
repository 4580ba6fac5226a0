"""Fixtures of the system tests: flash images made once, and stations that are always closed."""

import pytest
from station import Images, Station


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    return Images(tmp_path_factory.mktemp("flash"))


@pytest.fixture
def station(images):
    """``station(pack={...}, settings={...})``: a set-up board with its pack, not powered."""
    opened = []

    def make(pack=None, chemistry="nmc", settings=None, extra=None, fresh=False, **options):
        pack = {"chemistry": chemistry, **(pack or {})}
        cells = pack.get("cells", 24)
        image = options.pop("image", None) or images.copy(chemistry, settings, extra, fresh, cells)
        opened.append(Station(image, pack, **{"ptys": False, **options}))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
