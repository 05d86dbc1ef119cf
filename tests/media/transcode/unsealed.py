"""``python -m tests.media.transcode.unsealed``: the zygote on a kernel that offers nothing."""

from streams.media.sandbox import landlock, namespaces, seccomp
from streams.media.transcode import zygote


def _refused(*_: object, **__: object) -> None:
    raise OSError(38, "Function not implemented")


if __name__ == "__main__":
    landlock.confine = namespaces.leave = seccomp.confine = _refused
    zygote.main()
