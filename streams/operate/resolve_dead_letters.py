"""Ends dead letters: puts the records back where they came from, or sets the letters aside; each with its end in one transaction."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from converters.core.localized import localized
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter
from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError
from streams.ingress.record import PAST, SILENT
from streams.kafka import topics
from streams.kafka.record_kinds import VERSION
from streams.operate.dead_letter_reader import RESOLVED, LetterSummary, Resolution, ends
from streams.operate.topic_reader import OperateError, TopicReader

CHUNK = 200
CHUNK_BYTES = 8 << 20
"""Of what one transaction puts back."""

ORIGINS = (topics.CALLBACKS, topics.DELIVERIES, topics.BACKFILL, topics.MEDIA_JOBS, topics.MIGRATION)
"""What the stages read that bury records."""

Progress = Callable[[int], None]
"""Letters ended so far."""


class ResolvedCounts(msgspec.Struct, frozen=True):
    done: int
    already: int
    """Somebody else was faster."""
    gone: int
    """Letters that were deleted meanwhile."""
    foreign: int = 0
    """Letters that name no place from which a stage of ours reads: they are left as they are."""


async def end(
    reader: TopicReader,
    link: ProducerSettings,
    topic: str,
    prefix: str,
    letters: Sequence[LetterSummary],
    end: Resolution,
    tell: Progress | None = None,
    *,
    silent_before: int = 0,
) -> ResolvedCounts:
    """Give every one of *letters* the end that *end* says (its offset is not looked at), in the order of their origins.

    A letter is put back and marked in one transaction, and only one person at a time can do this on a cluster: nothing is
    put back twice, whatever is interrupted. Raises OperateError.
    """
    chosen = len(letters)
    if end.resolved == "replayed":
        letters = _ours(reader, letters, prefix)
    # One id for the cluster: whoever starts later fences whoever was before, and only then looks at what is done.
    producers = Producers(link, f"{prefix}operate.dead", "")
    done = gone = 0
    try:
        await producers.start()
        over = await ends(reader, topic, letters)
        left = sorted((one for one in letters if (one.partition, one.offset) not in over), key=lambda one: one.origin)
        for chunk in _chunks(left):
            outputs = Outputs()
            written = await _fill(outputs, reader, topic, chunk, end, silent_before)
            gone += len(chunk) - written
            await producers.commit(outputs, {})
            done += written
            if tell is not None:
                tell(done)
    except FencedError:
        raise OperateError(
            localized("somebody else ends dead letters on this cluster now; {done} were done here, and marked", done=done)
        ) from None
    except (UnknownResultError, KafkaError, TimeoutError) as error:
        raise OperateError(
            localized(
                "Kafka did not confirm ({error}); {done} are done for certain. Run it again: what was put back is marked, and is not put back twice",
                error=error or type(error).__name__,
                done=done,
            )
        ) from None
    finally:
        await producers.close()
    return ResolvedCounts(done, len(letters) - len(left), gone, chosen - len(letters))


def _ours(reader: TopicReader, letters: Sequence[LetterSummary], prefix: str) -> list[LetterSummary]:
    """Those whose records came from where a stage reads. Of others the command would be a way to write anywhere, with an operator's rights."""
    forms = [re.compile(re.escape(prefix) + re.escape(topic.template).replace(re.escape(topics.PLATFORM), "[^.]+")) for topic in ORIGINS]
    named = sorted(origin for origin in {letter.letter.topic for letter in letters} if any(form.fullmatch(origin) for form in forms))
    places = {(tp.topic, tp.partition) for origin in named for tp in reader.partitions(origin)}
    return [letter for letter in letters if (letter.letter.topic, letter.letter.partition) in places]


def _chunks(letters: Sequence[LetterSummary]) -> Iterator[list[LetterSummary]]:
    chunk: list[LetterSummary] = []
    size = 0
    for letter in letters:
        if chunk and (len(chunk) == CHUNK or size + letter.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(letter)
        size += letter.size
    if chunk:
        yield chunk


async def _fill(
    outputs: Outputs, reader: TopicReader, topic: str, chunk: Sequence[LetterSummary], end: Resolution, silent_before: int
) -> int:
    if end.resolved == "dropped":
        for letter in chunk:
            _mark(outputs, topic, letter, end)
        return len(chunk)
    whole = await bytes_of(reader, topic, chunk)
    there = [letter for letter in chunk if (letter.partition, letter.offset) in whole]
    for letter in there:
        record = whole[letter.partition, letter.offset]
        # As it was: what has no version is of the first one.
        headers = {VERSION: b"1", **record.headers, PAST: SILENT if letter.letter.at < silent_before else b"1"}
        if letter.letter.stage in ("deliver", "migrate"):
            # What is held in doubt is sent again only with this: any other copy of it goes nowhere.
            headers[dead_letter.RELEASED] = dead_letter.place(record.topic, record.partition, record.offset).encode()
        outputs.add(record.topic, record.partition, record.key or None, record.value, list(headers.items()))
        _mark(outputs, topic, letter, end)
    return len(there)


def _mark(outputs: Outputs, topic: str, letter: LetterSummary, end: Resolution) -> None:
    value = msgspec.json.encode(msgspec.structs.replace(end, offset=letter.offset))
    outputs.add(topic, letter.partition, letter.key, value, [(RESOLVED, end.resolved.encode())])


async def bytes_of(reader: TopicReader, topic: str, letters: Sequence[LetterSummary]) -> dict[tuple[int, int], DeadLetter]:
    """The whole letters by (partition, offset), as far as they are still kept."""
    wanted: dict[TopicPartition, list[int]] = {}
    for letter in letters:
        wanted.setdefault(TopicPartition(topic, letter.partition), []).append(letter.offset)
    return {(record.partition, record.offset): dead_letter.load(record.value or b"") async for record in reader.pick(wanted)}
