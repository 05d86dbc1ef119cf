"""In which language a command speaks that has --lang."""

import os
from collections.abc import Mapping

import typer

from converters.migration_rules import Language
from streams.locale.language import of_environment
from streams.locale.messages import translated


def language_of(given: str, environment: Mapping[str, str] = os.environ) -> Language:
    """*given*: `en`, `zh`, or empty: what the environment says, as LANG=zh_CN.UTF-8."""
    if given.lower().startswith("zh"):
        return "zh"
    if given and given != "en":
        raise typer.BadParameter(translated("--lang is {given!r}; expected en or zh", given=given))
    return "en" if given else of_environment(environment)
