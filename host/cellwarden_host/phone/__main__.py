"""``python -m cellwarden_host.phone [FOLDER]``: the phone app as a folder of files."""

from __future__ import annotations

import sys
from pathlib import Path

from ..problems import Problem
from .build import TARGET, build


def main(arguments: list[str]) -> int:
    target = Path(arguments[0]) if arguments else TARGET
    try:
        size = build(target)
    except Problem as problem:
        print(f"cellwarden: {problem.said}", file=sys.stderr)
        return problem.exit_code
    print(f"{target}: {size / 1000:.0f} kB; serve it over HTTPS, or: cellwarden web, /phone/")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
