"""The recording of this program's station: begun with the station, whoever looks or not."""

from __future__ import annotations

from .. import data_folder
from ..recorder import Recorder, Recording
from .station import Station

_FOLDER = "recordings"
_running: dict[int, Recorder] = {}


def start(station: Station) -> Recorder:
    """Record all that the station sees from now on."""
    recorder = Recorder(data_folder.folder() / _FOLDER)
    station.listeners.append(recorder.take)
    _running[id(station)] = recorder
    return recorder


def recorder_of(station: Station) -> Recorder | None:
    return _running.get(id(station))


def recording() -> Recording:
    """What has been recorded, by this run of the program and by earlier ones."""
    return Recording(data_folder.folder() / _FOLDER)
