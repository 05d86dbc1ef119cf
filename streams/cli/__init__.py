"""`im-relay`: one module for each command."""


def main() -> None:
    from streams.cli.app import main as run

    run()
