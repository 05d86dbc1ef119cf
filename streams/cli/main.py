"""Where the program begins: only what its command needs is imported."""

import sys


def main() -> None:
    from streams.media.sandbox.kernel import undumpable

    undumpable()  # what is begun here has secrets in its memory
    from streams.cli.importing import importing

    with importing():
        from streams.cli.terminal import on_defect
        from streams.observe import log
        from streams.settings.observing import ObserveSettings

        sys.excepthook = on_defect
        from streams.cli import roles

        if len(sys.argv) > 1 and sys.argv[1] in {each.__name__ for each in roles.COMMANDS}:
            app = roles.app
        else:
            from streams.cli.app import app
    # On standard error, and only what a person has to know: what a command prints is for programs as well. A role sets up its own.
    log.setup(ObserveSettings(level="warning"))
    app()
