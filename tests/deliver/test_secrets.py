"""What people write, and what only we may know, stays out of logs and metrics, whatever goes wrong."""

from converters.core.model import conversation_key
from tests.deliver.target import CUT, THROTTLE, Say, Target
from tests.deliver.worker import SECRET, Worker, delivery

WORDS = "qu1te-private-words"


def test_no_error_shows_words_or_secrets(worker: Worker, target: Target, bob: str) -> None:
    quoting = {"error": f"bad {WORDS} {SECRET}", "exception": WORDS, "error_description": f"{SECRET} said {WORDS}"}
    answers = (
        Say(400, quoting),
        Say(403, quoting),
        Say(500, quoting),
        Say(200, quoting),
        Say(200, f"<{WORDS}>".encode()),
        THROTTLE._replace(body=quoting),
        Say(CUT),
        Say(404, f"{WORDS} {SECRET}".encode()),
    )
    events = [delivery(f"{bob}{number}", WORDS) for number in range(len(answers))]
    for event, answer in zip(events, answers, strict=True):
        target.plan(event.receiver, answer)
    worker.send(*events, delivery(bob, WORDS, target="gone"))
    key = conversation_key(events[0].event.conversation)
    for raw in (WORDS.encode(), f'{{"event": "{WORDS}"}}'.encode(), f'{{"target": {{"{WORDS}": 1}}}}'.encode()):
        worker.put("deliveries.easemob", key, raw)
    worker.settled()
    letters = [letter for letter in worker.letters() if WORDS.encode() in letter.value]
    assert {letter.cause for letter in letters} == {"refused", "target-unknown", "malformed"}
    assert worker.role.says("in-doubt send resolved")
    details = "".join(letter.detail for letter in letters)
    entries = b"".join(record.value or b"" for record in worker.read("ledger.easemob")).decode()
    for shown in (worker.role.log.read_text(), worker.role.metrics(), details, entries):
        assert shown
        assert WORDS not in shown
        assert SECRET not in shown
