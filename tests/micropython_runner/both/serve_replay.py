"""Runs under MicroPython: calls a function for each line of input and answers its result.

A line is ``[module, function, arguments]``; one process serves thousands of examples. An
exception is an outcome like any other: its type is the answer, the traceback is for people.
"""

import io
import json
import sys

from plain import plain, unplain

MARK = "\x01cw "


def _call(module_name, function_name, arguments):
    __import__(module_name)
    function = getattr(sys.modules[module_name], function_name)
    return plain(function(*[unplain(argument) for argument in arguments]))


def _main():
    for line in sys.stdin:
        try:
            answer = {"result": _call(*json.loads(line))}
        except Exception as error:
            text = io.StringIO()
            sys.print_exception(error, text)
            answer = {"raised": type(error).__name__, "traceback": text.getvalue()}
        print(MARK + json.dumps(answer))


_main()
