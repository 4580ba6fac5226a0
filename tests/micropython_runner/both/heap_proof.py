"""Prove that a step allocates nothing: run it with MicroPython's heap locked.

Works on CPython too, where it only calls the step, so that one test file serves both. Never
collects garbage for the step: what it leaves behind is part of what is measured.
"""

import gc

try:
    import micropython
except ImportError:
    micropython = None


def prove_no_allocation(step, repeats=20, warm_up=2):
    """Call ``step()`` ``warm_up`` times freely, then ``repeats`` times under a locked heap.

    What first calls may allocate (imports, caches) belongs into the warm-up. Fails with an
    AssertionError that names the bytes a step takes.
    """
    for _ in range(warm_up):
        step()
    if micropython is None:
        for _ in range(repeats):
            step()
        return
    gc.collect()
    i = 0
    refused = None
    micropython.heap_lock()
    try:
        while i < repeats:
            step()
            i += 1
    except MemoryError as error:
        refused = error
    finally:
        micropython.heap_unlock()
    if refused is not None:
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        try:
            step()
            taken = gc.mem_alloc() - before
        finally:
            gc.enable()
        raise AssertionError("step %d allocates: %d bytes (%s)" % (i + 1, taken, refused))
