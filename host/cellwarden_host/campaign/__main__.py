"""``python -m cellwarden_host.campaign``: run the whole matrix and write its documents."""

from __future__ import annotations

import sys
from collections import Counter

from .. import docs_safety
from . import matrix


def main() -> int:
    """0 when every pair is won or argued; nothing is written otherwise."""
    result, complaints = matrix.campaign()
    for complaint in complaints:
        print("FAIL", complaint)
    counts = Counter(v for row in result["verdicts"].values() for v in row.values())
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))
    if complaints:
        return 1
    matrix.store(result)
    return docs_safety.main()


if __name__ == "__main__":
    sys.exit(main())
