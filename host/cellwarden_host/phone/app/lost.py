"""What a lost link means to the work that was going on."""

from __future__ import annotations

from ...words import say

LINK_LOST = say("the Bluetooth link was lost; go closer to the board, it comes back by itself")
