"""Adds what is new in the schema to published_registers.json; never changes what stands there.

python tests/host/publish_registers.py
"""

import json
from pathlib import Path

from cellwarden_host import registers_json

PUBLISHED = Path(__file__).parent / "published_registers.json"


def main():
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    new = {k: v for k, v in registers_json.frozen().items() if k not in published}
    text = json.dumps({**published, **new}, indent=1, ensure_ascii=False)
    PUBLISHED.write_text(text + "\n", encoding="utf-8")
    print("\n".join(f"{place}: {told}" for place, told in new.items()) or "nothing new")


if __name__ == "__main__":
    main()
