"""Releases: a board's firmware as one signed image file, the keys, and what is in a file.

The format itself is ``board_update.image``, where boards read it. docs/releases.md tells how
to use all this. Nothing here talks to a board.
"""
