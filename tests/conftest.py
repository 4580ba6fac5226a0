"""What all tests share: the second runtime, and property tests that no clock can fail.

Helpers of one folder live in that folder.
"""

import shutil
import signal

from hypothesis import HealthCheck, settings

from mp_collect import pytest_addoption, pytest_collect_file, pytest_unconfigure
from mp_replay import micropython_replay
from mp_runtime import RuntimeMissing, find_micropython

__all__ = [
    "micropython_replay",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_report_header",
    "pytest_unconfigure",
]

# In the background of a script Ctrl-C is ignored, also by every program that a test starts and
# wants to stop by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine must not fail a property; print_blob gives what repeats a failing example.
settings.register_profile(
    "cellwarden", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("cellwarden")


def pytest_report_header():
    """What this machine has of the things that tests run against."""
    try:
        micropython = find_micropython()
    except RuntimeMissing as missing:
        micropython = str(missing)
    mbpoll = shutil.which("mbpoll") or "not here; the other foreign Modbus clients stand in"
    return [f"micropython: {micropython}", f"mbpoll: {mbpoll}"]
