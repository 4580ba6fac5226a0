"""What a bench step found: a plain dictionary, made the same way everywhere."""

PASS = "pass"
FAIL = "fail"
SKIPPED = "skipped"


def found(good, say, value=None, unit="", limit=None, data=None):
    """A step that came to a verdict; ``say`` tells a person what to look at."""
    return made(PASS if good else FAIL, say, value, unit, limit, data)


def skipped(why):
    """A step that could not be done, and why."""
    return made(SKIPPED, why, None, "", None, None)


def made(result, say, value, unit, limit, data):
    """All fields, always: a report is a table."""
    return {
        "result": result,
        "value": value,
        "unit": unit,
        "limit": limit,
        "say": say,
        "data": data or {},
    }


def numbered(numbers):
    """ "3, 4 and 7" of a list of numbers."""
    words = ["%d" % n for n in numbers]
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]
