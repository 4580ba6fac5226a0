"""The task queue of asyncio, on the simulated board's clock.

MicroPython's own is in C and stamps new tasks with the real clock, which has nothing to do
with virtual time. This one keeps its contract (as ``asyncio/core.py`` uses it: a stable queue
ordered by ``ph_key``, tasks with ``coro``, ``data``, ``state``) in a sorted linked list, which
is quick for a handful of tasks and allocates nothing. Behaviour as documented in MicroPython's
``asyncio/task.py``.
"""

import time

_MASK = 0x3FFFFFFF
_HALF = 0x20000000

_context = None  # the globals of asyncio.core


class TaskQueue:
    def __init__(self):
        self.head = None

    def peek(self):
        return self.head

    def push(self, task, key=None):
        """Queue ``task`` behind all that are due no later than ``key`` (default: now)."""
        task.data = None
        if key is None:
            key = time.ticks_ms()
        task.ph_key = key
        before = None
        at = self.head
        while at is not None and ((key - at.ph_key) & _MASK) < _HALF:
            before = at
            at = at.link
        task.link = at
        if before is None:
            self.head = task
        else:
            before.link = task

    def pop(self):
        task = self.head
        if task is None:
            raise IndexError
        self.head = task.link
        task.link = None
        return task

    def remove(self, task):
        before = None
        at = self.head
        while at is not None and at is not task:
            before = at
            at = at.link
        if at is None:
            return
        if before is None:
            self.head = task.link
        else:
            before.link = task.link
        task.link = None


class Task:
    def __init__(self, coro, context=None):
        global _context
        if context is not None:
            _context = context
        self.coro = coro
        self.data = None  # what the task waits on, or what it ended with
        self.state = True  # True running, None ended, False ended and awaited, queue: awaited
        self.ph_key = 0
        self.link = None

    def __iter__(self):
        if not self.state:
            self.state = False
        elif self.state is True:
            self.state = TaskQueue()
        elif type(self.state) is not TaskQueue:
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiting = _context["cur_task"]
        self.state.push(waiting)
        waiting.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        task = self
        if task is _context["cur_task"]:
            raise RuntimeError("can't cancel self")
        while isinstance(task.data, Task):
            # It waits for another task: that one is what must end.
            task = task.data
        queue = _context["_task_queue"]
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            queue.push(task)
        elif time.ticks_diff(task.ph_key, time.ticks_ms()) > 0:
            queue.remove(task)
            queue.push(task)
        task.data = _context["CancelledError"]
        return True
