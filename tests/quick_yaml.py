"""YAML read by libyaml, where PyYAML was built with it: the same values in a tenth of the time. helm prints long files."""

from collections.abc import Iterator
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    return yaml.load(text, _LOADER)


def load_all(text: str) -> Iterator[Any]:
    yield from yaml.load_all(text, _LOADER)
