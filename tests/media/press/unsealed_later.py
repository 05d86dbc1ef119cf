"""``python -m tests.media.press.unsealed_later``: the zygote, which was kept in when it tried, and whose workers are not."""

from streams.media.press import worker, zygote
from streams.media.sandbox.confine import UnsealedError


def _refused(**_: object) -> None:
    raise UnsealedError


if __name__ == "__main__":
    worker.seal = _refused
    zygote.main()
