"""Runs under MicroPython: executes the tests of one file, one for each line of input.

``serve_tests.py MODULE`` reads a JSON string (a test's name) a line and answers a JSON object.
Nothing here decides what a failure means; it hands the traceback on.
"""

import gc
import io
import json
import sys

MARK = "\x01cw "


def _answer(answer):
    print(MARK + json.dumps(answer))


def _traceback(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()


def _main(module_name):
    module = None
    for line in sys.stdin:
        name = json.loads(line)
        gc.collect()
        try:
            if module is None:
                module = __import__(module_name)
            if name == "":  # asked once, for the tests that pytest did not see
                # not dir(): it misses names that were put together while running
                names = module.__dict__
                _answer({"tests": [known for known in names if known.startswith("test_")]})
                continue
            getattr(module, name)()
        except BaseException as error:  # SystemExit and KeyboardInterrupt fail a test as well
            _answer({"failed": _traceback(error)})
        else:
            _answer({"failed": None})


_main(sys.argv[1])
