"""`python -m tests.released`: freeze the forms of what is written today in `next/`; with a version, freeze that release, whole and once."""

import json
import re
import sys
from pathlib import Path

from streams.kafka.record_kinds import KINDS
from tests.released import freeze

HERE = Path(__file__).parent
NEXT = HERE / "next"


def forms() -> str:
    """What `next/schema.json` holds."""
    versions = {kind.name: kind.version for kind in KINDS}
    return json.dumps({"forms": freeze.schema(), "versions": versions}, indent=1, sort_keys=True) + "\n"


def main(words: list[str]) -> int:
    if not words:
        NEXT.mkdir(exist_ok=True)
        (NEXT / "schema.json").write_text(forms(), encoding="utf-8")
        return 0
    (version,) = words
    directory = HERE / version
    if not re.fullmatch(r"\d+\.\d+\.\d+", version) or directory.exists():
        sys.stderr.write(f"{version}: expected a version as 0.2.0 that is not frozen yet\n")
        return 2
    freeze.write(directory)
    (directory / "schema.json").write_text(forms(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
