"""What all tests share: the second runtime. Helpers of one folder live in that folder."""

from mp_collect import pytest_addoption, pytest_collect_file, pytest_unconfigure
from mp_replay import micropython_replay

__all__ = [
    "micropython_replay",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_unconfigure",
]
