"""``python -m tests.media.press.hurting``: the worker, with an order's file telling it what to do to itself."""

import os
import signal
import time
from contextlib import suppress

from streams.media.press import worker
from streams.media.press.order import Limits, Made, Order


def _hurt(order: Order, limits: Limits) -> Made:
    deed = order.source.read_text()
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
            with (order.directory / "made.bin").open("wb") as file:
                while True:
                    file.write(bytes(1 << 16))
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "stop":
            (order.directory / "pid").write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise ZeroDivisionError
        case "babble":
            for pipe in range(3, 10):  # wherever the answers go
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
        case "environment":
            (order.directory / "said").write_text("\n".join(os.environ))
    return Made(path=order.source, format="bin", source_format=str(os.getpid()))


if __name__ == "__main__":
    worker.pressed = _hurt
    worker.main()
