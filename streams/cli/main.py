"""Where the program begins: only what its command needs is imported."""

import gc
import sys


def main() -> None:
    from streams.media.sandbox.kernel import undumpable

    undumpable()  # what is begun here has secrets in its memory
    gc.disable()  # imports make hundreds of thousands of objects that stay
    from streams.cli.terminal import on_defect

    sys.excepthook = on_defect
    from streams.cli import roles
    from streams.cli.role_process import collect_garbage
    from streams.observe import log
    from streams.settings.observing import ObserveSettings

    if len(sys.argv) > 1 and sys.argv[1] in {each.__name__ for each in roles.COMMANDS}:
        app = roles.app  # it imports more, and collects once it runs
    else:
        from streams.cli.app import app

        collect_garbage()
    # On standard error, and only what a person has to know: what a command prints is for programs as well. A role sets up its own.
    log.setup(ObserveSettings(level="warning"))
    app()
