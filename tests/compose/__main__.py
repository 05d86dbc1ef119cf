"""`make test-compose`: says what is missing on this machine and what to install, or what stands in for images, and runs the tests."""

import sys

import pytest

from tests.compose.images import pinned
from tests.compose.needs import missing


def main(arguments: list[str]) -> int:
    if lines := list(missing()):
        print("docker-compose.yml is NOT tried. It needs:", *(f"  {line}" for line in lines), sep="\n", file=sys.stderr)
        return 2
    print("In place of images that only a registry has:", *(f"  {one.name}: {one.made_of}" for one in pinned()), sep="\n", flush=True)
    return int(pytest.main(["-n", "0", "-v", "-m", "compose", "tests/compose", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
