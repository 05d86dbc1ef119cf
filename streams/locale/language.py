"""In which language the command line speaks."""

import os
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]

VARIABLES = ("IM_RELAY_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set decides, as POSIX orders them; ours stands before them."""


def of_environment(environment: Mapping[str, str] = os.environ) -> Language:
    """`zh` for any Chinese locale, as `zh_CN.UTF-8`; English otherwise."""
    text = next((environment[name] for name in VARIABLES if environment.get(name)), "en")
    return "zh" if text.lower().startswith("zh") else "en"
