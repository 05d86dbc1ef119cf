"""The Easemob simulator against the known answers of "Easemob: Server API" and "Easemob: callbacks"."""

from collections.abc import Iterator
from hashlib import md5
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulators.client import SimulatorClient
from tests.simulators.easemob.rule import security

GRANT = {"grant_type": "client_credentials", "client_id": "YXA6demo", "client_secret": "YXA6demosecret"}


def post(simulator: SimulatorClient, path: str, content: Any, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # Not verified: there is no TLS here, and to load its certificates takes longer than the call.
    return httpx.post(f"{simulator.url}/demo/relay/{path}", json=content, headers=headers, verify=False)


def token_of(simulator: SimulatorClient) -> str:
    token: str = post(simulator, "token", GRANT).json()["access_token"]
    return token


def text(words: str, *to: str, **more: Any) -> dict[str, Any]:
    return {"from": "alice", "to": list(to) or ["bob"], "type": "txt", "body": {"msg": words}, **more}


def description(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()
    return answer.status_code, error["error"], error["error_description"]


def test_the_signature_is_that_of_the_samples() -> None:
    known = {101: "a7d097d12fc115674e4e72d29137df3f", 111: "e20dc99bdfc3f02adb05fc96df997a3e"}
    for number, expected in known.items():
        call_id = f"acme#shop_1390000000000000{number}"
        assert security(call_id, "demo-secret-0001", 1761004800000 + number) == expected


def test_a_token_is_given_for_the_right_secret_only(easemob: SimulatorClient) -> None:
    answer = post(easemob, "token", GRANT).json()
    assert answer.keys() == {"access_token", "expires_in", "application"}
    assert answer["expires_in"] == 86400
    assert post(easemob, "token", GRANT | {"ttl": 60}).json()["expires_in"] == 60
    wrong = post(easemob, "token", GRANT | {"client_secret": "no"})
    assert description(wrong) == (400, "invalid_grant", "client_secret does not match")
    missing = post(easemob, "token", {"grant_type": "client_credentials"})
    assert description(missing) == (400, "illegal_argument", "client_id must be provided")
    lost = httpx.post(f"{easemob.url}/other/app/token", json=GRANT)
    assert (lost.status_code, lost.json()["error"]) == (404, "organization_application_not_found")


@pytest.fixture(scope="module")
def easemob() -> Iterator[SimulatorClient]:
    with running("easemob") as simulator:
        yield simulator


def test_the_bodies_of_401(easemob: SimulatorClient) -> None:
    expired = (401, "unauthorized", "Unable to authenticate due to expired access token")
    corrupt = (401, "auth_bad_access_token", "Unable to authenticate due to corrupt access token")
    foreign = (401, "auth_bad_access_token", "Unable to authenticate")
    for token, expected in (("", expired), ("nonsense", corrupt), ("YWMtother", foreign)):
        assert description(post(easemob, "messages/users", text("x"), token)) == expected


def test_a_token_wears_out_after_so_many_sends(start: Start) -> None:
    simulator = start("easemob", token_uses=2)
    token = token_of(simulator)
    answers = [post(simulator, "messages/users", text(str(n)), token) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert description(answers[2])[2] == "Unable to authenticate due to expired access token"
    assert post(simulator, "messages/users", text("3"), token_of(simulator)).status_code == 200


def test_a_mood_can_expire_every_token_at_once(start: Start) -> None:
    simulator = start("easemob")
    token = token_of(simulator)
    assert post(simulator, "messages/users", text("0"), token).status_code == 200
    simulator.mood(token_expire_now=True)
    assert post(simulator, "messages/users", text("1"), token).status_code == 401
    assert post(simulator, "messages/users", text("2"), token_of(simulator)).status_code == 200


def test_each_receiver_gets_an_id_and_nobody_need_exist(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob")
    token = token_of(simulator)
    answer = post(simulator, "messages/users", text("hi", "bob", "ghost", ext={"relay": {"id": "1"}}), token)
    assert answer.status_code == 200
    ids = answer.json()["data"]
    assert list(ids) == ["bob", "ghost"]
    assert all(len(one) == 19 and one.isdecimal() for one in ids.values())
    assert int(ids["bob"]) < int(ids["ghost"])
    entries = simulator.journal("accepted")
    assert [(entry["api"], entry.get("to")) for entry in entries] == [("token", None), ("send", "bob"), ("send", "ghost")]
    events = {got.body["to"]: got.body for got in receiver.wait(2)}
    event = events["bob"]
    assert event["callId"] == f"demo#relay_{ids['bob']}"
    assert (event["msg_id"], event["eventType"], event["chat_type"]) == (ids["bob"], "chat", "chat")
    assert event["payload"]["bodies"] == [{"msg": "hi", "type": "txt"}]
    assert (event["payload"]["ext"], event["content_type"]) == ({"relay": {"id": "1"}}, "chat:user:text")
    signed = f"{event['callId']}demo-easemob-secret{event['timestamp']}"
    assert event["security"] == md5(signed.encode()).hexdigest()


def test_a_group_message_is_one_event_to_the_group(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob")
    said = simulator.say("alice", "6001", "hello all", type="group")
    post(simulator, "messages/chatrooms", text("hi room", "77"), token_of(simulator))
    events = {got.body["to"]: got.body for got in receiver.wait(2)}
    group, room = events["6001"], events["77"]
    assert (group["msg_id"], group["group_id"], group["chat_type"]) == (said["id"], "6001", "groupchat")
    assert group["content_type"] == "chat:group:text"
    assert (room["chat_type"], room["content_type"]) == ("groupchat", "chat:room:text")


@pytest.mark.parametrize(
    ("path", "change", "status", "error", "words"),
    [
        ("users", {"from": ""}, 400, "message_send_error", "param from can't be empty"),
        ("users", {"to": []}, 400, "message_send_error", "param to can't be empty"),
        ("users", {"ext": None}, 400, "message_send_error", "param ext must be JSONObject"),
        ("users", {"ext": "{}"}, 400, "message_send_error", "param ext must be JSONObject"),
        ("users", {"to": "bob"}, 400, "invalid_request_body", "Request body is invalid. Please check body is correct."),
        ("users", {"to": ["u"] * 601}, 400, "message_send_error", "params to's size can't exceed limit 600"),
        ("chatgroups", {"to": list("abcd")}, 400, "message_send_error", "params to's size can't exceed limit 3"),
        ("chatrooms", {"to": ["r"] * 11}, 400, "message_send_error", "params to's size can't exceed limit 10"),
        ("users", {"body": {"msg": "x" * 5000}}, 400, "message_send_error", "message is too large"),
    ],
)
def test_what_a_send_refuses(easemob: SimulatorClient, path: str, change: dict[str, Any], status: int, error: str, words: str) -> None:
    answer = post(easemob, f"messages/{path}", text("x") | change, token_of(easemob))
    assert description(answer) == (status, error, words)
    assert answer.json().get("error_code") == (14007 if words == "message is too large" else None)


def test_both_dimensions_of_the_limit(start: Start) -> None:
    calls = start("easemob", limit_messages=None, limit_group_calls=1, limit_group_messages=0)
    token = token_of(calls)
    assert post(calls, "messages/chatgroups", text("0", "6001"), token).status_code == 200
    limited = post(calls, "messages/chatgroups", text("1", "6001"), token)
    assert description(limited) == (429, "reach_limit", "This request has reached api limit")
    messages = start("easemob", limit_messages=None, limit_group_calls=0, limit_group_messages=2)
    token = token_of(messages)
    reached = post(messages, "messages/chatgroups", text("0", "6001", "6002", "6003"), token)
    assert description(reached) == (403, "message_send_error", "message send reach limit")
    assert post(messages, "messages/chatgroups", text("1", "6001"), token).status_code == 200


def test_a_callback_is_lost_after_one_immediate_retry(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503 if got.body["payload"]["bodies"][0]["msg"] == "lost" else 200
    simulator = start("easemob")
    simulator.say("alice", "bob", "lost")
    simulator.say("alice", "bob", "kept")
    words = [got.body["payload"]["bodies"][0]["msg"] for got in receiver.wait(3)]
    assert words == ["lost", "lost", "kept"]
    lost = [entry["outcome"] for entry in simulator.journal("callback")[:2]]
    assert lost == ["again", "lost"]


def test_an_answer_of_more_than_1000_characters_is_a_failure(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: Response("x" * 1001)
    simulator = start("easemob")
    simulator.say("alice", "bob", "x")
    receiver.wait(2)
    receiver.answers = lambda got: Response("x" * 1000)
    simulator.say("alice", "carol", "y")
    assert len(receiver.wait(3)) == 3


def test_ninety_failures_ban_the_rule_and_what_happens_then_is_lost(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503
    simulator = start("easemob")
    for n in range(45):
        simulator.say("alice", f"user{n}", "x")
    receiver.wait(90)
    receiver.answers = lambda got: 200
    simulator.load(rate=1000, count=10, conversations=1)
    progress = simulator.settled()
    assert (progress["said"], progress["failed"], progress["acknowledged"]) == (10, 10, 0)
    assert len(receiver.got) == 90
    assert {entry["outcome"] for entry in simulator.journal("callback")[90:]} == {"banned"}


def test_the_source_filter_and_env_keep_callbacks_away(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob", callback_source=["sdk"])
    post(simulator, "messages/users", text("rest"), token_of(simulator))
    simulator.say("bob", "alice", "sdk")
    assert [got.body["from"] for got in receiver.wait(1)] == ["bob"]
    receiver.got.clear()
    routed = start("easemob", callback_env={"relay01": f"{receiver.url}/relay01"})
    token = token_of(routed)
    post(routed, "messages/users", text("no route", env="other"), token)
    post(routed, "messages/users", text("routed", env="relay01"), token)
    assert [got.body["payload"]["bodies"][0]["msg"] for got in receiver.wait(1)] == ["routed"]


def test_registering_many_succeeds_in_part(easemob: SimulatorClient) -> None:
    token = token_of(easemob)
    asked = [{"username": name, "password": "p"} for name in ("erin", "bob", "frank")]
    answer = post(easemob, "users", asked, token).json()
    assert [entity["username"] for entity in answer["entities"]] == ["erin", "frank"]
    assert answer["data"] == [{"username": "bob", "registerUserFailReason": "the bob already exists"}]
    again = post(easemob, "users", asked[:1], token)
    assert (again.status_code, again.json()["error"]) == (400, "duplicate_unique_property_exists")
    assert again.json()["error_description"].endswith("value of erin exists")
    many = post(easemob, "users", asked * 21, token)
    assert description(many)[:2] == (400, "illegal_argument")


def test_groups(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob")
    token = token_of(simulator)
    wanted = {"public": False, "owner": "alice", "members": ["bob"], "groupid": "ops1", "groupname": "Ops"}
    assert post(simulator, "chatgroups", wanted, token).json()["data"] == {"groupid": "ops1"}
    again = post(simulator, "chatgroups", wanted, token)
    assert description(again) == (400, "illegal_argument", "group ID ops1 already exists!")
    ghost = post(simulator, "chatgroups", {"public": True, "owner": "ghost"}, token)
    assert description(ghost) == (404, "resource_not_found", "username ghost doesn't exist!")
    added = post(simulator, "chatgroups/ops1/users", {"usernames": ["carol", "bob"]}, token)
    assert added.json()["data"] == {"newmembers": ["carol"], "groupid": "ops1", "action": "add_member"}
    all_in = post(simulator, "chatgroups/ops1/users", {"usernames": ["carol"]}, token)
    assert (all_in.status_code, all_in.json()["error"]) == (403, "forbidden_op")
    shown = httpx.get(f"{simulator.url}/demo/relay/chatgroups/ops1", headers={"Authorization": f"Bearer {token}"})
    (group,) = shown.json()["data"]
    assert group["affiliations"] == [{"member": "bob"}, {"member": "carol"}, {"owner": "alice"}]
    assert group["affiliations_count"] == 3
    events = [got.body for got in receiver.wait(3)]
    assert [(event["operation"], event["operator"], event["payload"]["member"]) for event in events] == [
        ("CREATE", "@ppAdmin", []),
        ("JOIN", "@ppAdmin", ["bob"]),
        ("JOIN", "@ppAdmin", ["carol"]),
    ]


def test_a_recall_is_called_back_once_and_a_second_is_refused(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob")
    token = token_of(simulator)
    sent = post(simulator, "messages/users", text("oops"), token).json()["data"]["bob"]
    recall = {"msg_id": sent, "to": "bob", "from": "alice", "chat_type": "chat", "force": True}
    answer = post(simulator, "messages/msg_recall", recall, token).json()
    assert answer["data"] == {"recalled": "yes", "chattype": "chat", "from": "alice", "to": "bob", "msg_id": sent}
    assert description(post(simulator, "messages/msg_recall", recall, token))[::2] == (403, "not_found msg")
    event = receiver.wait(2)[1].body
    assert (event["chat_type"], event["recall_id"]) == ("recall", sent)
    assert event["payload"] == {"ext": {}, "ack_message_id": sent, "bodies": []}


def test_a_callback_can_come_before_the_answer(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob", callbacks_before_answer=1)
    token = token_of(simulator)
    for n in range(20):
        post(simulator, "messages/users", text(str(n)), token)
        assert len(receiver.got) == n + 1
