"""One unsigned post that would make thousands of deliveries, where the settings take unsigned reactions."""

import json
from typing import Any

from tests.ingress import client
from tests.ingress.conftest import Running, running


def reactions(count: int) -> bytes:
    change = {"op": [{"reactionType": "create", "operator": "u"}], "reaction": "x"}
    said: dict[str, Any] = {
        "chat_type": "notify", "from": "alice", "to": "bob", "msg_id": "9",
        "payload": {"type": "reaction", "data": [{"messageId": "5", "reactions": [change] * count}]},
    }  # fmt: skip
    return json.dumps(said, separators=(",", ":")).encode()


async def test_it_is_refused_and_a_person_s_one_is_taken(kafka: str) -> None:
    one = Running(kafka)
    one.more = {"unsigned_events": True}
    await one.make_topics()
    async with running(kafka, again=one, max_body=262_144):
        large = reactions(3_500)
        assert 200_000 < len(large) < 262_144
        for body, status in ((large, 401), (reactions(9), 401), (reactions(1), 200)):
            assert (await client.ask(one.port, client.post(one.easemob, body))).status == status
        assert one.counted(one.easemob, 401, "unsigned") == 1, "it is not even looked into: it has more than such a body ever has"
        assert one.counted(one.easemob, 401, "too-many-events") == 1
        assert [record.value for record in await one.records("easemob")] == [reactions(1)]
