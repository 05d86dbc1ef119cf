# ruff: noqa: INP001 - a part of deploy/dashboards.py's work
"""What the chart's schema says of the settings: taken from the settings themselves."""

import json
from pathlib import Path
from typing import Any

from streams.settings import Settings

SCHEMA = "helm/im-relay/values.schema.json"


def schema(root: Path) -> str:
    """The schema as it lies there, its `settings` and what they refer to made anew; the rest is written by hand."""
    written = json.loads((root / SCHEMA).read_text(encoding="utf-8"))
    made = _plain(Settings.model_json_schema(ref_template="#/$defs/{model}"))
    by_hand = {name: one for name, one in written["$defs"].items() if name.islower()}  # ours begin small
    written["$defs"] = by_hand | made.pop("$defs")
    # The chart fills these in, and its templates read them.
    made["required"] = ["kafka", "ingress", "deliver", "media", "files", "observe", "apps"]
    written["properties"]["settings"] = made
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _plain(made: Any) -> Any:
    """Without titles, which repeat the names, and without defaults of whole sections."""
    if isinstance(made, list):
        return [_plain(each) for each in made]
    if not isinstance(made, dict):
        return made
    left_out = {"title", "format"} | ({"default"} if "$ref" in made else set())
    return {
        key: {name: _plain(one) for name, one in value.items()} if key in ("properties", "$defs") else _plain(value)
        for key, value in made.items()
        if key not in left_out
    }
