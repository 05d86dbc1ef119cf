"""``python -m tests.simulators PLATFORM --port P --callback-url URL`` runs the simulator in the package of that name; ``--help`` lists the rest.

With a simulator that runs at URL: ``say URL FROM TO TEXT`` writes in its app, ``heard URL`` shows what the relay has brought there.
"""

import sys
from importlib import import_module
from pathlib import Path

from tests.simulators.hand import heard, say
from tests.simulators.options import parse
from tests.simulators.serve import serve

PLATFORMS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/app.py"))


def main(arguments: list[str]) -> None:
    match arguments:
        case ["say", url, sender, to, text]:
            sys.exit(say(url, sender, to, text))
        case ["heard", url]:
            sys.exit(heard(url))
        case [platform, *rest] if platform in PLATFORMS:
            simulator = import_module(f"tests.simulators.{platform}")
            options, port = parse(simulator.Options, rest, f"simulators {platform}")
            serve(simulator.make_app(options), port)
        case _:
            sys.exit(f"{__doc__}\nPLATFORM is one of {', '.join(PLATFORMS)}.")


main(sys.argv[1:])
