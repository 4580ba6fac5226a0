"""Starts the battery management system. Ctrl-C stops it, with everything off."""

from firmware.start import run

run()
