"""``import bench`` at the prompt: the bench commands of the firmware that would be started."""

from firmware.bench.prompt import *  # noqa: F403
