"""First thing that runs, after power-on and after every soft reset: turns every output off.

Pins keep their level through a soft reset, which every mpremote connection does, and main.py
does not run after it: so this file alone must make the board safe, even when every other file
on it is missing or broken.
"""

import machine

try:
    from firmware.safe_state import lock_off

    lock_off()
except Exception:
    # Something is missing: let go of every pin, the board's pull-downs switch off.
    for _pin in range(29):
        try:
            machine.Pin(_pin, machine.Pin.IN)
        except Exception:
            pass
