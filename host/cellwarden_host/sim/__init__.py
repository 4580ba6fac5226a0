"""The simulator's host side: models of chips and pack, and the process that owns them."""
