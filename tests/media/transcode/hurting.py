"""``python -m tests.media.transcode.hurting``: the zygote, whose workers do to themselves what an order's file tells them."""

import os
import signal
import time
from contextlib import suppress

from streams.media.transcode import warm, worker, zygote
from streams.media.transcode.request import OpenRequest, TranscodeLimits, WorkerResult
from streams.media.transcode.worker import FIRST


def _hurt(work: OpenRequest, limits: TranscodeLimits) -> WorkerResult:
    del limits
    deed = work.source.read().decode()
    match deed:
        case "spin":
            while True:
                pass
        case "sleep":
            time.sleep(3_600)
        case "bloat":
            kept = []
            while True:
                kept.append(bytearray(8 << 20))
        case "fill":
            while True:
                work.made.write(bytes(1 << 16))
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise ZeroDivisionError
        case "babble":
            for pipe in range(FIRST, 10):  # wherever the answers go
                with suppress(OSError):
                    os.write(pipe, b"\xff" * 4)
            time.sleep(3_600)
        case "work":
            end = time.process_time() + 0.3
            while time.process_time() < end:
                pass
        case "print":
            print("x" * 1_000_000, flush=True)
            os.write(1, b"y" * 1_000_000)
            os.write(2, b"z" * 1_000_000)
        case _:
            pass
    work.made.write(str(os.getpid()).encode())
    return WorkerResult(new=True, format="bin", source_format="bin")


if __name__ == "__main__":
    worker.pressed = _hurt
    warm.up = lambda limits: None
    zygote.main()
