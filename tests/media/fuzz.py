"""``python -m tests.media.fuzz --count N [--seed S]``: bad files of every kind; exit code 1 when one had no answer, or a worker crashed on it."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from streams.media.transcode.pool import TranscodePool
from tests.media.bad import LIMITS, Tried, corpus, tried


def table(found: Tried) -> str:
    words = sorted({word for _, word in found.answers}, key=lambda word: (word not in ("untouched", "made"), word))
    width = max(10, *(len(word) + 2 for word in words))
    lines = [f"{'':<14}" + "".join(f"{word:>{width}}" for word in words)]
    for how in [*sorted({how for how, _ in found.answers}), "all"]:
        cells = [sum(count for (one, said), count in found.answers.items() if said == word and how in (one, "all")) for word in words]
        lines.append(f"{how:<14}" + "".join(f"{cell or '-':>{width}}" for cell in cells))
    return "\n".join(lines)


async def run(count: int, seed: int, workers: int) -> Tried:
    pool = TranscodePool(workers, LIMITS)
    await pool.start()
    try:
        with tempfile.TemporaryDirectory() as directory:
            return await tried(pool, Path(directory), count, seed, at_once=2 * workers)
    finally:
        await pool.close()


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.media.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same files")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    print(f"{given.count} bad files out of {len(corpus())} good ones, seed {given.seed}\n", flush=True)
    found = asyncio.run(run(given.count, given.seed, given.workers))
    print(table(found))
    print(f"\n{sum(found.answers.values())} answers, {len(found.crashes)} cost a worker, {len(found.findings)} without an answer")
    print(f"{found.seconds:.0f} s; the longest {found.longest:.1f} s, waiting included ({found.slowest})")
    for each in (found.findings + found.crashes)[:20]:
        print(each)
    return 1 if found.findings or found.crashes else 0


if __name__ == "__main__":
    sys.exit(main())
