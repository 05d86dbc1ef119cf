"""``python -m tests.media.transcode.unsealed_later``: the zygote, which was kept in when it tried, and whose workers are not."""

from unittest.mock import patch

from streams.media.sandbox.confine import SandboxUnavailableError
from streams.media.transcode import worker, zygote


def _refused(**_: object) -> None:
    raise SandboxUnavailableError


if __name__ == "__main__":
    with patch.object(worker, "seal", _refused):
        zygote.main()
