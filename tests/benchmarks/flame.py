"""`make flame`: where a role spends its time, as a picture: `docs/flame-deliver.svg`, or that of another role.

The role runs on the whole relay at a constant rate, under a sampler of its own: a signal for each millisecond or so of CPU
that the process has used (ITIMER_PROF), at which the stack of its only thread is counted. What C does for a line of Python
counts for that line. A box is as wide as its share of all samples; boxes under half a percent are left out.
"""

import argparse
import atexit
import os
import runpy
import signal
import sys
import tempfile
import time
from collections import Counter
from html import escape
from pathlib import Path
from types import FrameType

from tests.stack import ROOT, Stack

EVERY = 0.002
"""Seconds of CPU between two samples."""
WIDTH, ROW = 1400, 16
LEAST = 0.005
"""Of all samples: what is less is not drawn."""
SAMPLES = "IM_RELAY_SAMPLES"
"""In the environment of a role that is to sample itself: the file for what it finds."""
SKIPPED = (
    "runpy",
    "typer",
    "click",
    "asyncio/runners",
    "streams/cli/main",
    "streams/cli/role_process",
    "streams/cli/roles",
    "streams/__main__",
    "benchmarks/flame",
)

Stacks = Counter[tuple[str, ...]]


def sample(into: Path, arguments: list[str]) -> None:
    """Be `python -m streams` with *arguments*, and count stacks from the tenth second on."""
    found: Stacks = Counter()
    begin = time.monotonic() + 10

    def look(_: int, frame: FrameType | None) -> None:
        if time.monotonic() < begin:
            return
        stack = []
        while frame is not None:
            code = frame.f_code
            stack.append(f"{code.co_qualname} ({'/'.join(Path(code.co_filename).parts[-2:])})")
            frame = frame.f_back
        found[tuple(reversed(stack))] += 1

    def write() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        into.write_text("".join(f"{';'.join(stack)} {count}\n" for stack, count in found.items()))

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    atexit.register(write)
    sys.argv = ["im-relay", *arguments]
    runpy.run_module("streams", run_name="__main__")


class Box:
    def __init__(self) -> None:
        self.count = 0
        self.above: dict[str, Box] = {}


def read(text: str) -> Box:
    root = Box()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        box = root
        box.count += int(count)
        for frame in stack.split(";"):
            if any(skipped in frame for skipped in SKIPPED):
                continue
            box = box.above.setdefault(frame, Box())
            box.count += int(count)
    return root


def draw(root: Box, title: str) -> str:
    shapes: list[str] = []
    deepest = 0

    def add(name: str, box: Box, left: float, depth: int) -> None:
        nonlocal deepest
        width = box.count / root.count * WIDTH
        if box.count < root.count * LEAST:
            return
        deepest = max(deepest, depth)
        own = "streams/" in name or name.rsplit("(", maxsplit=1)[-1].startswith(
            ("deliver/", "exactly_once/", "outbound/", "ingress/", "convert/", "easemob/", "yunxin/")
        )
        colour = "#f6a04d" if own else "#f3d27a"
        label = escape(name.split(" (", maxsplit=1)[0])[: max(0, int(width / 6.3))]
        shapes.append(
            f'<g><title>{escape(name)}: {box.count / root.count:.1%}</title><rect x="{left:.1f}" y="{{{depth}}}" width="{width:.1f}" '
            f'height="{ROW - 1}" fill="{colour}"/>'
            + (f'<text x="{left + 2:.1f}" y="{{{depth}}}" dy="11">{label}</text>' if len(label) > 2 else "")
            + "</g>"
        )
        for above, one in sorted(box.above.items(), key=lambda item: -item[1].count):
            add(above, one, left, depth + 1)
            left += one.count / root.count * WIDTH

    add("all", root, 0.0, 0)
    height = (deepest + 3) * ROW
    body = "\n".join(shapes)
    for depth in range(deepest, -1, -1):
        body = body.replace(f"{{{depth}}}", str(height - (depth + 1) * ROW))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="10">\n'
        f'<rect width="100%" height="100%" fill="white"/><text x="4" y="14" font-size="12">{escape(title)}</text>\n{body}\n</svg>\n'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", default="deliver-easemob", help="as bench-relay names them")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=24)
    chosen = parser.parse_args()
    title = f"im-relay {chosen.role} at {chosen.rate} messages a second, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs at the start"
    with tempfile.TemporaryDirectory(prefix="im-relay-flame-") as directory:
        samples = Path(directory) / "samples"
        with Stack(Path(directory) / "stack", partitions=1, limits=0, brief=False, say=print, easemob={"ban_scale": 0.0}) as stack:
            role = stack.roles[chosen.role]
            role.stop()
            role.sampled(samples)
            role.start()
            stack.wait_ready(role)
            for number, side in enumerate((stack.yunxin, stack.easemob)):
                side.preload([f"u{pair}{end}" for pair in range(200) for end in "ab"])
                side.load(rate=chosen.rate / 2, count=chosen.rate * chosen.seconds // 2, conversations=200, seed=number)
            time.sleep(chosen.seconds)
            role.stop()
            found = read(samples.read_text())
    if not found.count:
        print("no samples: the role was idle, or this system has no ITIMER_PROF")
        return 1
    into = ROOT / "docs" / f"flame-{chosen.role.partition('-')[0]}.svg"
    into.write_text(draw(found, f"{title}; {found.count} samples"))
    print(f"{into.relative_to(ROOT)}: {found.count} samples, {into.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    if SAMPLES in os.environ:
        sample(Path(os.environ[SAMPLES]), sys.argv[1:])
    else:
        sys.exit(main())
