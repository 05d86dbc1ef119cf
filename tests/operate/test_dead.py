"""`im-relay dead` on the real broker: what is listed, shown, put back once, and set aside."""

import json
from pathlib import Path

import pytest

from converters.core import wire
from converters.routing.identity_table import IdentityTable
from streams.dead_letters.dead_letter import load
from streams.exactly_once.producers import ProducerSettings
from streams.kafka.local.ports import free_port
from streams.operate.dead_letter_reader import LetterFilter, Resolution, find
from streams.operate.resolve_dead_letters import ResolvedCounts, end
from streams.operate.topic_reader import OperateError, TopicReader
from tests.operate.conftest import Ground, callback, command, delivery, plain, rows


def keys(ground: Ground, *words: str) -> list[str]:
    return [row["key"] for row in rows(ground.im_relay("dead", "list", "--json", *words))]


def test_letters_are_listed_with_all_but_what_was_said(ground: Ground) -> None:
    ground.bury(delivery(1))
    (row,) = rows(ground.im_relay("dead", "list", "--json"))
    assert (row["key"], row["cause"], row["stage"], row["whose"], row["attempts"]) == (
        "yunxin:old:direct:1:post",
        "refused",
        "deliver",
        "theirs",
        2,
    )
    assert row["bytes"] == len(wire.dump(delivery(1)))
    assert row["conversations"] == ["direct:alice:bob"]
    assert (row["topic"], row["partition"], row["offset"]) == (ground.names.deliveries, ground.partition(delivery(1)), 0)
    table = ground.im_relay("dead", "list")
    assert table.exit_code == 0
    assert "│ yunxin:old:direct:1:post" in table.stdout
    assert "secret words" not in table.stdout + json.dumps(row)


def test_the_table_counts_by_cause_ours_and_theirs_apart(ground: Ground) -> None:
    ground.bury(delivery(1), delivery(2))
    ground.bury(delivery(3), cause="defect", whose="ours")
    ground.called(callback(4, to="6100", team=True), b"{rubbish")
    ground.convert()
    text = plain(ground.im_relay("dead", "list", "--limit", "0").stdout)
    for line in ("theirs deliver refused 2", "ours deliver defect 1", "ours convert group-unmapped 1", "theirs convert malformed 1"):
        assert line in text


def test_letters_are_chosen_by_every_word(ground: Ground) -> None:
    ground.bury(delivery(1), at=1_700_000_000_000)
    ground.bury(delivery(2, "carol", "dave"), cause="defect", whose="ours")
    ground.called(callback(3, to="6100", team=True))
    ground.convert()
    first, second = "yunxin:old:direct:1:post", "yunxin:old:direct:2:post"
    (third,) = keys(ground, "--stage", "convert")
    assert third.startswith(f"{ground.names.callbacks}:")
    assert keys(ground, "--until", "2023-12-01") == [first]
    assert set(keys(ground, "--since", "2h")) == {second, third}
    assert keys(ground, "--cause", "defect") == [second]
    assert set(keys(ground, "--whose", "ours")) == {second, third}
    assert keys(ground, "--user", "Carol") == [second]
    assert keys(ground, "--conversation", "direct:bob:alice") == [first]
    assert keys(ground, "--conversation", "group:6100") == [third], "by the platform's own id, since there is no other yet"
    assert len(keys(ground, "--kind", "text", "--app", "old")) == 3
    assert set(keys(ground, "--app", "new")) == {first, second}
    assert keys(ground, first, third) == [third, first], "in the order of where they came from"


def test_show_prints_one_letter_whole(ground: Ground) -> None:
    ground.bury(delivery(1), delivery(2))
    shown = json.loads(ground.im_relay("dead", "show", "yunxin:old:direct:2:post").stdout)
    assert shown["value"]["event"]["operation"]["body"]["text"] == "secret words 2"
    ground.called(b"\xff\x00 no text")
    ground.convert()
    (key,) = keys(ground, "--stage", "convert")
    assert json.loads(ground.im_relay("dead", "show", key).stdout)["value"] == "/wAgbm8gdGV4dA=="


def test_deliveries_are_put_back_once_in_their_old_order(ground: Ground) -> None:
    many = [delivery(number + 1, "alice", ("bob", "carol", "dave")[number % 3]) for number in range(450)]
    ground.bury(*many)
    before = ground.read(ground.names.deliveries)
    done = ground.im_relay("dead", "replay", "--yes")
    assert (done.exit_code, done.stdout.strip()) == (0, "450 replayed")
    after = ground.read(ground.names.deliveries)
    for partition in {record.partition for record in before}:
        old = [(record.key, record.value) for record in before if record.partition == partition]
        new = [(record.key, record.value) for record in after if record.partition == partition]
        assert new == old + old
    # A person's word for each letter: what is held in doubt is sent again for nothing less.
    places = {(record.partition, record.offset) for record in before}
    words = [dict(record.headers)["released"] for record in after if (record.partition, record.offset) not in places]
    assert sorted(words) == sorted(f"{record.topic}:{record.partition}:{record.offset}".encode() for record in before)
    again = ground.im_relay("dead", "replay", "--yes")
    assert again.exit_code == 1
    assert "no letter matches" in again.stderr
    assert len(ground.read(ground.names.deliveries)) == 900
    assert keys(ground) == []
    listed = rows(ground.im_relay("dead", "list", "--json", "--all"))
    assert {row["resolved"]["resolved"] for row in listed} == {"replayed"}
    assert len(listed) == 450


def test_callbacks_are_put_back_as_they_came(ground: Ground) -> None:
    ground.called(callback(1, to="6100", team=True), callback(2), callback(3, to="6100", team=True), key=b"team\x1f6100")
    ground.convert()
    before = ground.read(ground.names.callbacks)
    assert ground.im_relay("dead", "replay", "--cause", "group-unmapped", "--yes").stdout.strip() == "2 replayed"
    back = ground.read(ground.names.callbacks)[3:]
    assert [(r.partition, r.key, r.value, r.headers) for r in back] == [
        (r.partition, r.key, r.value, (("relay-v", b"1"), *r.headers, ("relay-past", b"1"))) for r in (before[0], before[2])
    ]


def test_the_same_event_may_die_again_and_is_another_letter(ground: Ground) -> None:
    ground.bury(delivery(1))
    ground.im_relay("dead", "replay", "--yes")
    ground.bury(delivery(1), cause="gave-up")
    (row,) = rows(ground.im_relay("dead", "list", "--json"))
    assert row["cause"] == "gave-up"
    assert len(keys(ground, "--all")) == 2


def test_a_dry_run_and_a_no_change_nothing(ground: Ground) -> None:
    ground.bury(delivery(1))
    dry = ground.im_relay("dead", "replay", "--dry-run")
    assert dry.exit_code == 0
    assert "yunxin:old:direct:1:post" in dry.stdout
    assert "1 would be replayed" in dry.stdout
    asked = ground.im_relay("dead", "drop", "--reason", "old")
    assert asked.exit_code == 1
    assert "nothing was done" in asked.stderr
    assert len(ground.read(ground.names.deliveries)) == 1
    assert len(ground.read(ground.names.dead)) == 1


def test_a_letter_is_set_aside_with_a_reason(ground: Ground) -> None:
    ground.bury(delivery(1), delivery(2))
    assert ground.im_relay("dead", "drop", "--yes").exit_code == 2, "a reason is needed"
    assert ground.im_relay("dead", "drop", "--yes", "--reason", " ").exit_code == 2
    key = "yunxin:old:direct:1:post"
    assert ground.im_relay("dead", "drop", key, "--yes", "--reason", "the user is gone").stdout.strip() == "1 dropped"
    assert keys(ground) == ["yunxin:old:direct:2:post"]
    (row,) = rows(ground.im_relay("dead", "list", key, "--json", "--all"))
    assert (row["resolved"]["resolved"], row["resolved"]["reason"]) == ("dropped", "the user is gone")
    assert len(ground.read(ground.names.deliveries)) == 2, "nothing was put back"


async def test_two_people_at_once_put_a_letter_back_once(kafka: str, tmp_path: Path) -> None:
    import asyncio

    ground = await asyncio.to_thread(Ground, kafka, tmp_path)
    await asyncio.to_thread(ground.bury, delivery(1), delivery(2))
    mark = Resolution(resolved="replayed", offset=0, at=1, by="ann")
    async with TopicReader(kafka) as one, TopicReader(kafka) as other:
        seen = (await find(one, ground.names.dead, LetterFilter(), {}, IdentityTable())).letters
        assert len(seen) == 2

        async def put_back(reader: TopicReader) -> ResolvedCounts | str:
            try:
                return await end(reader, ProducerSettings(kafka), ground.names.dead, ground.prefix, seen, mark)
            except OperateError as error:
                return str(error)

        ended = await asyncio.gather(put_back(one), put_back(other))
        late = await put_back(one)
    assert isinstance(late, ResolvedCounts)
    assert (late.done, late.already) == (0, 2)
    assert [each for each in ended if not isinstance(each, str)], ended
    assert len(await asyncio.to_thread(ground.read, ground.names.deliveries)) == 4


def test_what_is_no_letter_is_passed_over_and_told(ground: Ground) -> None:
    ground.bury(delivery(1))
    ground.put([(ground.names.dead, 0, b"?", b"rubbish", [], None)])
    listed = ground.im_relay("dead", "list", "--json")
    assert len(rows(listed)) == 1
    assert "1 records of the topic are no letters" in listed.stderr


def test_a_letter_whose_topic_is_gone_is_not_marked(ground: Ground) -> None:
    ground.bury(delivery(1), topic=f"{ground.prefix}deliveries.gone")
    done = ground.im_relay("dead", "replay", "--yes")
    assert done.exit_code == 2
    assert "deliveries.gone is missing" in done.stderr
    assert len(keys(ground)) == 1


def test_the_marks_do_not_look_like_letters_to_a_reader_of_letters(ground: Ground) -> None:
    ground.bury(delivery(1))
    ground.im_relay("dead", "replay", "--yes")
    letter, mark = ground.read(ground.names.dead)
    assert load(letter.value).cause == "refused"
    assert mark.key == letter.key
    assert mark.headers == (("resolved", b"replayed"), ("relay-v", b"1"))
    with pytest.raises(ValueError, match="missing"):
        load(mark.value)


@pytest.mark.parametrize("words", [("dead", "list"), ("trace", "1"), ("replay", "--platform", "yunxin", "--since", "1h")])
def test_without_kafka_or_topics_a_sentence_and_2(kafka: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    ground = Ground(kafka, tmp_path)
    text = ground.config.read_text()
    ground.config.write_text(text.replace(ground.prefix, "nowhere."))
    done = command(ground.config, *words)
    assert done.exit_code == 2
    assert "is missing; is kafka.prefix right?" in done.stderr
    ground.config.write_text(text.replace(kafka, f"127.0.0.1:{free_port()}"))
    done = command(ground.config, *words)
    assert done.exit_code == 2
    assert "no broker answers there" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_words_are_refused(ground: Ground) -> None:
    for words in (("--since", "yesterday"), ("--whose", "mine"), ("--app", "nobody")):
        assert ground.im_relay("dead", "list", *words).exit_code == 2
