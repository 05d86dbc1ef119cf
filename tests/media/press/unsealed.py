"""``python -m tests.media.press.unsealed``: the zygote on a kernel that offers nothing."""

from streams.media.press import zygote
from streams.media.sandbox import landlock, namespaces, seccomp


def _refused(*_: object, **__: object) -> None:
    raise OSError(38, "Function not implemented")


if __name__ == "__main__":
    landlock.confine = namespaces.leave = seccomp.confine = _refused
    zygote.main()
