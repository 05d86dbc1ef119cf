"""``python -m tests.simulators yunxin|easemob|rongcloud|own --port P --callback-url URL``; ``--help`` lists the rest.

With a simulator that runs at URL: ``say URL FROM TO TEXT`` writes in its app, ``heard URL`` shows what the relay has brought there.
"""

import sys

from tests.simulators import easemob, own, rongcloud, yunxin
from tests.simulators.hand import heard, say
from tests.simulators.options import parse
from tests.simulators.serve import serve


def main(arguments: list[str]) -> None:
    match arguments:
        case ["yunxin", *rest]:
            yunxin_options, port = parse(yunxin.Options, rest, "simulators yunxin")
            serve(yunxin.make_app(yunxin_options), port)
        case ["easemob", *rest]:
            easemob_options, port = parse(easemob.Options, rest, "simulators easemob")
            serve(easemob.make_app(easemob_options), port)
        case ["rongcloud", *rest]:
            rongcloud_options, port = parse(rongcloud.Options, rest, "simulators rongcloud")
            serve(rongcloud.make_app(rongcloud_options), port)
        case ["own", *rest]:
            own_options, port = parse(own.Options, rest, "simulators own")
            serve(own.make_app(own_options), port)
        case ["say", url, sender, to, text]:
            sys.exit(say(url, sender, to, text))
        case ["heard", url]:
            sys.exit(heard(url))
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
