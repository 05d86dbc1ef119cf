"""``python -m tests.media.transcode.reading``: files from standard input through the worker's code in this process, which is as a zygote is.

Prints what was imported, opened, or begun as a thread since the libraries were warm.
"""

import io
import json
import pickle
import sys
import threading
from pathlib import Path

from streams.media.transcode import warm, worker, zygote  # noqa: F401 - as in the process that is forked
from streams.media.transcode.request import OpenRequest, TranscodeLimits, TranscodeSpec, WorkerResult


def main() -> None:
    files = pickle.load(sys.stdin.buffer)
    limits = TranscodeLimits(pixels=4_000_000, samples=20_000_000)
    warm.up(limits)
    before, opened, made = set(sys.modules), set(), 0
    sys.addaudithook(lambda event, given: opened.add(str(given[0])) if event in ("open", "socket.__new__", "subprocess.Popen") else None)
    for role, shape, content in files:
        found = worker.answered(
            OpenRequest(TranscodeSpec(role, shape, alone=True), io.BytesIO(content), io.BytesIO(), io.BytesIO()), limits
        )
        made += isinstance(found, WorkerResult)
    modules, files_ = sorted(set(sys.modules) - before), sorted(opened)
    threads = max(threading.active_count(), len(list(Path("/proc/self/task").iterdir()))) if Path("/proc/self/task").exists() else 1
    print(json.dumps({"modules": modules, "opened": files_, "threads": threads, "made": made}))


if __name__ == "__main__":
    main()
