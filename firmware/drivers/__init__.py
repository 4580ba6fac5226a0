"""Drivers: one chip or one kind of pin each. They measure and obey; they decide nothing.

A driver allocates when it is constructed or configured and never afterwards, and reports a
failed exchange as such; it never makes a value up.
"""
