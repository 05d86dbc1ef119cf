"""Children that do not outlive the test that started them, even at `kill -9`."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def dies_with_parent() -> Callable[[], None] | None:
    """For Popen's `preexec_fn`: the kernel kills the child when the thread that started it ends. Source: Linux manual, prctl(2)."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def arrange() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background is deaf to it, and so are its children
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)

    return arrange
