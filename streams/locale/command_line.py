"""The help of every command in the language of the person who asks."""

from typing import Any

from streams.locale.catalogue import Say

HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "OPTIONS_PANEL_TITLE": "Options",
    "COMMANDS_PANEL_TITLE": "Commands",
    "ERRORS_PANEL_TITLE": "Error",
    "DEFAULT_STRING": "[default: {}]",
    "ENVVAR_STRING": "[env var: {}]",
    "REQUIRED_LONG_STRING": "[required]",
}
"""Texts of typer's own, by its name for each. They are read when it is imported, so that its gettext comes too late for them."""
HELP = "Show this message and exit."


def translate(command: Any, say: Say) -> None:
    """Change the help of *command*, and of all below it."""
    import typer
    import typer.rich_utils

    for name, text in HEADINGS.items():
        setattr(typer.rich_utils, name, say(text))
    _translate(command, say, typer.Context(command))


def parts(text: str) -> tuple[str, str]:
    """The help of a command without its example, and the example."""
    meaning, _, example = text.partition("Example: ")
    return " ".join(meaning.split()), " ".join(example.split())


def option_parts(text: str) -> tuple[str, str]:
    """The help of an option, and what it says of its default in words."""
    meaning, _, default = text.partition("[default: ")
    return meaning.strip(), default.rstrip("]")


def _translate(command: Any, say: Say, context: Any) -> None:
    meaning, example = parts(command.help or "")
    command.help = say(meaning) if meaning else command.help
    if example:
        command.help += f"\n\n{say('Example: ')}{example}"
    for parameter in command.params:
        if getattr(parameter, "help", None):
            meaning, default = option_parts(parameter.help)
            parameter.help = say(meaning) + (f"  {say('[default: {}]').format(say(default))}" if default else "")
    if (option := command.get_help_option(context)) is not None:  # it is made once, and kept
        option.help = say(HELP)
    for below in getattr(command, "commands", {}).values():
        _translate(below, say, context)
