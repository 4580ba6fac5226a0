"""The house rules, each as a function from one file's source to a list of complaints.

``test_house.py`` runs them over the tree and shows that each can complain. They read syntax
trees only; nothing is imported.
"""

import ast
import re
import sys
import tokenize
from io import BytesIO

OURS = {"cellwarden", "modbus_rtu", "board_update", "firmware", "boards", "cellwarden_host"}
SHARED = {"cellwarden", "modbus_rtu", "board_update"}
MICROPYTHON = {
    "aioble", "bluetooth", "cryptolib", "deflate", "esp32", "framebuf", "machine", "micropython",
    "network", "rp2", "uctypes", "vfs",
}  # fmt: skip
HEAVY = {"typing", "dataclasses", "enum"}  # not on a controller, or dear there
CLOCKS = {"time", "utime", "datetime"}
INPUT_OUTPUT = {
    "asyncio", "io", "machine", "os", "pathlib", "select", "serial", "socket", "subprocess",
    "threading", "vfs", "_thread",
}  # fmt: skip
MAX_LINES = 400
# Most files are judged by these alone: a syntax tree, or tokens, of every file take seconds.
_BEGINS_WITH_WORDS = re.compile(r'(?:#[^\n]*\n)*"""\s*[^\s"\\]')
_SILENCED = re.compile(r"type:\s*ignore(?!\[)|noqa(?!:)")


def imports(source):
    """(line, top-level module, dots) of every import; a relative one has dots and no module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name.split(".")[0], 0
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, (node.module or "").split(".")[0], node.level
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "__import__":
            if node.args and isinstance(node.args[0], ast.Constant):
                yield node.lineno, node.args[0].value.split(".")[0], 0


def wrong_imports(source, allowed_ours, forbidden, depth, third_party=()):
    """Imports of ours outside ``allowed_ours``, of what is forbidden, or from outside.

    ``depth`` is how many folders below its top-level package the file lies: a relative import
    with more dots than that leaves the package.
    """
    known = sys.stdlib_module_names | MICROPYTHON | OURS | set(third_party)
    for line, module, dots in imports(source):
        if dots:
            if dots > depth + 1:
                yield f"{line}: relative import leaves the package"
        elif module in OURS - set(allowed_ours):
            yield f"{line}: imports {module}, against the direction of the house"
        elif module in forbidden:
            yield f"{line}: imports {module}"
        elif third_party is not None and module not in known and module != "__future__":
            yield f"{line}: imports {module}, which a controller does not have"


def not_integer(source):
    """Floats and what makes them: literals, true division, ``float``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield f"{node.lineno}: float {node.value}"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield f"{node.lineno}: true division"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield f"{node.lineno}: float()"


def dear_syntax(source):
    """Syntax that MicroPython lacks or that a controller should not pay for."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Match):
            yield f"{node.lineno}: match"
        elif isinstance(node, ast.AnnAssign):
            yield f"{node.lineno}: annotation that is evaluated"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            annotations = [node.returns, *[argument.annotation for argument in arguments]]
            for annotation in annotations:
                if annotation is not None and not isinstance(annotation, ast.Constant):
                    yield f"{node.lineno}: annotation without quotes"


def no_docstring(source):
    """A module says what it is for."""
    if _BEGINS_WITH_WORDS.match(source):
        return
    if not (ast.get_docstring(ast.parse(source)) or "").strip():
        yield "1: no module docstring"


def too_long(source):
    """One idea a file."""
    lines = source.count("\n")
    if lines >= MAX_LINES:
        yield f"{lines}: {lines} lines; a file ends before {MAX_LINES}"


def workplace(source):
    """Paths of somebody's machine, and notes to do something later."""
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"(?<![\w.}$)])/(?:work|home|root|Users|tmp)/", line):
            yield f"{number}: path of a workplace"
        if re.search(r"\b(?:TO" + r"DO|FIX" + r"ME)\b", line):
            yield f"{number}: left for later"


def sleeps(source):
    """A test owns the clock: it never waits for time to pass."""
    if "sleep" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and re.search(r"\bsleep(_ms|_us)?$", ast.unparse(node.func)):
            yield f"{node.lineno}: a test sleeps"


def comments(source):
    """The text of every comment with its line."""
    for token in tokenize.tokenize(BytesIO(source.encode()).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def type_ignores(source):
    """A silenced checker says which complaint it silences."""
    if not _SILENCED.search(source):
        return
    for line, comment in comments(source):
        if _SILENCED.search(comment):
            yield f"{line}: silences a checker without naming the complaint"
