"""Some hundred bad files; `python -m tests.media.fuzz` tries thousands."""

from pathlib import Path
from typing import get_args

from streams.media.transcode.pool import TranscodePool
from streams.media.transcode.request import Reason
from tests.media.bad import LIMITS, Maker, corpus, tried

COUNT = 300


async def test_every_bad_file_has_an_answer_and_no_other_pays_for_it(tmp_path: Path) -> None:
    pool = TranscodePool(2, LIMITS)
    await pool.start()
    try:
        found = await tried(pool, tmp_path, COUNT, seed=1)
    finally:
        await pool.close()
    assert not found.findings
    assert sum(found.answers.values()) == COUNT
    words = {word for _, word in found.answers}
    assert words <= {"made", "untouched", *get_args(Reason)} - {"crashed", "timeout"}
    assert len(words & set(get_args(Reason))) >= 4, "they are bad in different ways"
    assert not list(tmp_path.iterdir())


def test_the_same_seed_makes_the_same_files() -> None:
    one, other = Maker(7), Maker(7)
    assert [one.next() for _ in range(50)] == [other.next() for _ in range(50)]
    assert len(corpus()) > 25
