"""The phone's page in Python: written as the rest of the program, run by MicroPython in a browser.

These modules are ordinary ones: typed, checked, and tested on CPython, where everything waits as
on a PC. For the page the builder translates them (``cellwarden_host.phone.translate``). They use
no browser: what a page shows is a tree of plain values (``ui``), and ``platform`` is all that the
page lends. Nothing here may keep a password, or show an old value as a present one.
"""
