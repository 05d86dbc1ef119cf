"""``python -m tests.fuzz PLATFORM --seconds N [--seed S]``: exit code 1 when anything but Malformed was raised."""

import argparse
import json
import sys
import time
from random import SystemRandom

from converters import PLATFORMS
from tests.fuzz.target import Fuzzer, shown


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="the same seed tries the same bodies")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    fuzzer = Fuzzer(given.platform, given.seed)
    end = time.monotonic() + given.seconds
    fuzzer.corpus()
    while time.monotonic() < end:
        fuzzer.run(50)
    for finding in fuzzer.findings.values():
        print(json.dumps(shown(finding), ensure_ascii=False, indent=2))
    print(f"{given.platform}: {fuzzer.tried} bodies, {len(fuzzer.mutator.corpus)} kept, {len(fuzzer.findings)} findings")
    return 1 if fuzzer.findings else 0


sys.exit(main())
