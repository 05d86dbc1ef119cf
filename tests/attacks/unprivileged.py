"""``python -m tests.attacks.unprivileged …``: the Python that "…" would be, without privileges, also where the tests run as root.

It has none of root's capabilities, and its children get none. Source: capabilities(7), "Transformation of capabilities during execve()".
"""

import os
import sys
from contextlib import suppress

from streams.media.sandbox.kernel import prctl
from streams.media.sandbox.namespaces import lay_down

PR_CAPBSET_DROP, CAPABILITIES = 24, 64

if __name__ == "__main__":
    for each in range(CAPABILITIES):
        with suppress(OSError):  # the kernel has fewer, or we have none
            prctl(PR_CAPBSET_DROP, each)
    lay_down()
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
