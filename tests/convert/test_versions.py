"""A callback of a newer version than this release knows is set aside with these words, and the others go on."""

from streams.kafka.record_kinds import VERSION
from tests.convert.records import Converting, callback
from tests.converters.shapes import message


def test_a_callback_of_a_newer_version_is_a_dead_letter_that_says_so() -> None:
    said = message("yunxin")
    newer = callback("yunxin", said, offset=1, **{VERSION: b"2"})
    known = callback("yunxin", said, offset=2, **{VERSION: b"1"})
    done = Converting().take("yunxin", newer, known)
    (letter,) = done.letters()
    assert (letter.cause, letter.whose, letter.offset) == ("newer-version", "ours", 1)
    assert letter.detail == "a record of callbacks has version 2; this release reads up to 1: upgrade this worker"
    assert letter.headers[VERSION] == b"2"
    (delivery,) = done.deliveries("easemob")
    assert delivery.event.source
