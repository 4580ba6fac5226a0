"""First thing that runs, after power-on and after every soft reset: turns every output off.

Pins keep their level through a soft reset, which every mpremote connection does, and main.py
does not run after it: so this file alone must make the board safe, even when every other file
on it is missing or broken. It lies outside the slots and is never updated in the field.
"""

import machine

try:
    from loader.safe_state import lock_off

    lock_off()
except Exception:
    # Something is missing: let go of every pin, the board's pull-downs switch off. Of an ESP32
    # every pin that can carry a switched output; the others hold its flash (6 to 11), its RAM
    # (16) and its console (1, 3), and letting go of those would stop this very loop.
    import sys

    _pins = range(29)
    if sys.platform == "esp32":
        _pins = (0, 2, 4, 5, 12, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27, 32, 33)
    for _pin in _pins:
        try:
            machine.Pin(_pin, machine.Pin.IN)
        except Exception:
            pass
else:
    # For the prompt, which comes next when a tool has reset the board.
    try:
        from loader.control import peek

        peek()
        del peek  # the prompt's names, and main.py's, outlive what the loader forgets
    except Exception:
        pass  # main.py comes next, and its safe mode takes an update
