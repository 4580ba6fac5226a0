"""Play a script of bytes and pauses to a server and tell everything that came of it."""

from modbus_model import Line


def play(script):
    """``script`` is a list of bytes (received at once) and ints (ms without any).

    Returns the replies, each with the index of its step; the writes; the counters.
    """
    line = Line()
    server = line.server
    replies = []
    for step, event in enumerate(script):
        reply = line.wait(event) if isinstance(event, int) else line.send(event)
        tries = 0
        while tries < 40:  # a call does a bounded amount of work, and gives one reply
            if reply:
                replies.append([step, reply])
            reply = line.wait(0)
            tries += 1
    writes = [[table, address, values] for table, address, values in line.model.writes]
    counters = [server.frames_good, server.other_unit, server.crc_errors, server.exceptions]
    return [replies, writes, counters]
