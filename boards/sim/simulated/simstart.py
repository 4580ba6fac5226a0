"""What a board's ROM and port do before and around boot.py and main.py, for the simulated one.

Started by ``micropython -i -c``: put the simulated modules in place, mount the flash at ``/``
as an RP2040 does, run ``/boot.py``, then ``/main.py`` unless the prompt is a raw one (a tool's
soft reset) or boot.py failed; then MicroPython's own prompt follows.
"""

import os
import select  # noqa: F401 - simulated modules are found now: later these files are
import sys  # out of the child's reach

import machine  # noqa: F401
import simasyncio
import simflash
import simlink
import simops
import vfs

if os.getenv("CELLWARDEN_SIM_PIO") == "1":
    import rp2  # noqa: F401
if os.getenv("CELLWARDEN_SIM_RADIO") == "1":
    import bluetooth  # noqa: F401

# asyncio's C task queue stamps tasks with the real clock: ours must be found first.
sys.modules["_asyncio"] = simasyncio


def run(main_globals):
    """Boot. A SystemExit is a soft reset, as on a board; the host carries it out."""
    raw = os.getenv("CELLWARDEN_SIM_RAW") == "1"
    simlink.connect()
    try:
        simlink.act(simops.HELLO, 0, 0, 0)
        _mount(int(os.getenv("CELLWARDEN_SIM_SECTORS")))
        if _run_file("/boot.py", main_globals) and not raw:
            _run_file("/main.py", main_globals)
    except KeyboardInterrupt as err:
        sys.print_exception(err)
    except SystemExit:
        simlink.call(simops.RESET, simops.SOFT_RESET, 0, 0, 0, 0)
    simlink.act(simops.BOOT_DONE, 0, 0, 0)


def _mount(sectors):
    device = simflash.Flash(sectors)
    vfs.umount("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    try:
        disk = vfs.VfsLfs2(device, progsize=256)
    except OSError:
        vfs.VfsLfs2.mkfs(device, progsize=256)
        disk = vfs.VfsLfs2(device, progsize=256)
    vfs.mount(disk, "/")


def _run_file(path, main_globals):
    """Run a file as a board runs it; False when it raised."""
    try:
        os.stat(path)
    except OSError:
        return True
    try:
        execfile(path, main_globals)  # noqa: F821 - a MicroPython builtin
    except SystemExit:
        raise
    except BaseException as err:
        sys.print_exception(err)
        return False
    return True
