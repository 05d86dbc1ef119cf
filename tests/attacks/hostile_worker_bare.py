"""The same where a container's rules leave nothing but the filter of calls: no Landlock, no namespaces."""

from streams.media.sandbox import landlock, namespaces
from tests.attacks import hostile_worker


def _refused(*_: object) -> None:
    raise PermissionError(1, "refused")


if __name__ == "__main__":
    landlock.confine = namespaces.leave = _refused
    hostile_worker.main()
