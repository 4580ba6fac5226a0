"""The phone app's builder: the program's own modules, translated for the page's MicroPython.

The page does what the PC software does with the same code: ``translate`` rewrites what the
smaller Python lacks and lets waiting be awaited, ``collect`` finds what the page needs, and
``build`` puts it all into one static folder. Nothing is implemented a second time for the phone.
"""
