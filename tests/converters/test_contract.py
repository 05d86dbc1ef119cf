"""What every platform must keep, each with each."""

import re
from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import Text, Unknown
from converters.core.model import NOTHING, Delivery, conversation_key
from converters.core.operations import Post
from converters.core.outcome import NotSent, Refused, Unsure
from converters.platform import Accepted, Callback, Ignored, Incoming, Rejected, Reply, Request, Signed, problems_of
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, Routed, route
from tests.converters.shapes import NOW, as_callback, body, incoming, message, shape, text_of
from tests.narrowed import of_kind

NAMES = sorted(PLATFORMS)
PAIRS = [(one, other) for one in NAMES for other in NAMES]
KINDS = ("direct", "group", "room")


def secret_of(name: str) -> str:
    secret: str = getattr(PLATFORMS[name].example(), shape(name).SECRET)
    return secret


def with_secrets(name: str, new: str, old: str) -> Any:
    setting = shape(name).SECRET
    return msgspec.structs.replace(PLATFORMS[name].example(), **{setting: new, f"{setting}_previous": old})


def apps_of(source: str, target: str, **choices: Any) -> dict[str, App]:
    def app(name: str, platform: str, to: str) -> App:
        account = PLATFORMS[platform].example()
        held = {key: value for key, value in choices.items() if hasattr(account, key)}
        return App(name, PLATFORMS[platform], msgspec.structs.replace(account, **held), to)

    return {"old": app("old", source, "new"), "new": app("new", target, "old")}


def groups(*platforms: str) -> IdentityTable:
    """Group and room `team` on each platform, its id there `11` and the platform's place among all."""
    table = IdentityTable()
    for platform in platforms:
        for kind in ("group", "room"):
            assert table.apply(*record(platform, kind, f"11{NAMES.index(platform)}", "team")) is None
    return table


def to_of(platform: str, kind: str) -> str:
    return "bob" if kind == "direct" else f"11{NAMES.index(platform)}"


def deliver(source: str, target: str, said: dict[str, Any], **choices: Any) -> tuple[Deliver, dict[str, App], IdentityTable]:
    apps, known = apps_of(source, target, **choices), groups(source, target)
    *_, routed = route(Callback("old", body(source, said), NOW), apps, known)
    assert isinstance(routed, Deliver), routed
    return routed, apps, known


def test_names_are_used_once() -> None:
    assert problems_of(list(PLATFORMS.values())) == []
    assert {name: platform.name for name, platform in PLATFORMS.items()} == {name: name for name in PLATFORMS}


@pytest.mark.parametrize("name", NAMES)
def test_a_genuine_callback_is_accepted_under_its_conversation(name: str) -> None:
    platform, account = PLATFORMS[name], PLATFORMS[name].example()
    one = platform.check(incoming(name, message(name), secret_of(name)), account, NOW)
    back = platform.check(incoming(name, message(name, sender="bob", to="alice"), secret_of(name)), account, NOW)
    assert one == back == Accepted(b"direct\x1falice\x1fbob")


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_signature_is_refused(name: str) -> None:
    platform, account = PLATFORMS[name], PLATFORMS[name].example()
    assert platform.check(incoming(name, message(name), "guessed"), account, NOW) == Rejected("bad-signature")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_secret_signs_nothing(name: str) -> None:
    platform = PLATFORMS[name]
    account = with_secrets(name, "right", "")
    assert platform.check(incoming(name, message(name), ""), account, NOW) == Rejected("bad-signature")


@pytest.mark.parametrize("name", NAMES)
def test_both_secrets_hold_while_they_are_changed(name: str) -> None:
    platform = PLATFORMS[name]
    account = with_secrets(name, "new", "old")
    verdicts = [platform.check(incoming(name, message(name), key), account, NOW) for key in ("new", "old", "older")]
    assert [type(verdict) for verdict in verdicts] == [Accepted, Accepted, Rejected]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_without_signature_is_refused(name: str) -> None:
    platform, account = PLATFORMS[name], PLATFORMS[name].example()
    assert platform.check(Incoming({}, "", body(name, message(name))), account, NOW) == Rejected("unsigned")


OF_ANOTHER_APP = [(name, other) for name in NAMES if (other := shape(name).of_another_app(message(name)))]


@pytest.mark.parametrize(("name", "other"), OF_ANOTHER_APP, ids=[name for name, _ in OF_ANOTHER_APP])
def test_another_apps_callback_is_refused(name: str, other: tuple[Any, dict[str, str]]) -> None:
    said, headers = other
    asked = incoming(name, said, secret_of(name), **headers)
    assert PLATFORMS[name].check(asked, PLATFORMS[name].example(), NOW) == Rejected("unknown-key")


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_shows_in_an_accounts_text(name: str) -> None:
    account = PLATFORMS[name].example()
    secrets = [value for key, value in msgspec.to_builtins(account).items() if "secret" in key and value]
    assert secrets
    assert not [secret for secret in secrets if secret in f"{account!r}{account}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_of_unknown_form_is_a_dead_letter_of_theirs(name: str) -> None:
    for raw in (b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"{" * 50_000, b'{"a":' * 50_000):
        (dead,) = route(Callback("old", raw, NOW), apps_of(name, name), IdentityTable())
        assert isinstance(dead, DeadLettered), raw[:20]
        assert (dead.cause, dead.ours) == ("malformed", False)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_crosses_with_its_people_and_place(source: str, target: str, kind: str) -> None:
    said = message(source, "早上好 & +1", to=to_of(source, kind), kind=kind)
    routed, apps, _ = deliver(source, target, said)
    delivery = routed.delivery
    assert (delivery.sender, delivery.receiver, delivery.target) == ("alice", to_of(target, kind), "new")
    assert of_kind(Post, delivery.event.operation).body == Text("早上好 & +1")
    assert routed.platform == target
    assert routed.key == conversation_key(delivery.event.conversation)
    assert routed.key == (b"direct\x1falice\x1fbob" if kind == "direct" else f"{kind}\x1fteam".encode())
    assert delivery.event.id.startswith(f"{source}:old:{kind}:")
    assert delivery.event.id.endswith(":post")
    (request,) = PLATFORMS[target].encode(delivery, apps["new"].account, NOTHING).requests
    assert request.path.startswith("/")
    assert request.api


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("choices", [{}, {"api": "v2"}, {"mark": "im_relay"}], ids=["plain", "v2", "own-key"])
def test_our_own_echo_ends_here_under_the_same_key(source: str, target: str, kind: str, choices: dict[str, str]) -> None:
    routed, apps, known = deliver(source, target, message(source, to=to_of(source, kind), kind=kind), **choices)
    (request,) = PLATFORMS[target].encode(routed.delivery, apps["new"].account, NOTHING).requests
    back = Callback("new", body(target, as_callback(target, request)), NOW)
    (echo,) = route(back, apps, known)
    assert isinstance(echo, EchoOf)
    assert (echo.echo.event, echo.echo.target) == (routed.delivery.event.id, "new")
    assert (echo.key, echo.platform) == (routed.key, target)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_forwarded_message_of_ours_is_carried_like_any_other(source: str, target: str) -> None:
    routed, apps, known = deliver(source, target, message(source))
    (request,) = PLATFORMS[target].encode(routed.delivery, apps["new"].account, NOTHING).requests
    forwarded = shape(target).elsewhere(as_callback(target, request), "carol")
    assert forwarded
    for said in forwarded:
        (again,) = route(Callback("new", body(target, said), NOW), apps, known)
        assert isinstance(again, Deliver), said
        assert again.unfit or target == "own", "and it is counted"


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_kind_we_do_not_know_arrives_readable_and_is_counted(source: str, target: str) -> None:
    routed, apps, _ = deliver(source, target, message(source, native="HOLOGRAM"))
    assert isinstance(of_kind(Post, routed.delivery.event.operation).body, Unknown)
    encoded = PLATFORMS[target].encode(routed.delivery, apps["new"].account, NOTHING)
    if PLATFORMS[target].fidelity["unknown"].word == "full":
        assert encoded.losses == ()
    else:
        (loss,) = encoded.losses
        assert loss.what == "kind"
        assert loss.detail.endswith("HOLOGRAM")
    assert "HOLOGRAM" in text_of(target, encoded.requests[0])


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["a" * 12_000, "好" * 4_900, "\n\"'" * 4_000, "\x00" * 3_000, "😀 " * 2_500, "x" * 3_500, "b" * 4_900, "c" * 4_150]
)
def test_a_long_text_arrives_whole_in_parts_that_fit(source: str, target: str, kind: str, text: str) -> None:
    routed, apps, known = deliver(source, target, message(source, text, to=to_of(source, kind), kind=kind))
    requests = PLATFORMS[target].encode(routed.delivery, apps["new"].account, NOTHING).requests
    came = ""
    routes: list[Routed] = []
    names: set[str] = set()
    for number, request in enumerate(requests):
        said = as_callback(target, request, number)
        shape(target).fits(request, said)
        came += shape(target).text(said)
        names.add(request.headers.get("RequestId", str(number)))
        routes += route(Callback("new", body(target, said), NOW), apps, known)
    assert came == text
    assert len(names) == len(requests), "a part of its own"
    echoes = [one.echo for one in routes if isinstance(one, EchoOf)]
    assert [(echo.event, echo.part, echo.more) for echo in echoes] == [
        (routed.delivery.event.id, number, number < len(requests) - 1) for number in range(len(requests))
    ]
    assert isinstance(routes[-1], EchoOf), "only the last part says that all is there"


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_an_unmapped_group_is_ours_to_mend(source: str, target: str) -> None:
    apps = apps_of(source, target)
    said = body(source, message(source, to="4711", kind="group"))
    (dead,) = route(Callback("old", said, NOW), apps, IdentityTable())
    assert isinstance(dead, DeadLettered)
    assert (dead.cause, dead.ours) == ("group-unmapped", True)
    assert source in dead.detail
    assert "4711" in dead.detail
    assert "im-relay identities set" in dead.detail


def test_a_group_that_only_the_target_lacks_names_the_target() -> None:
    said = wire.dump_any(message("yunxin", to=to_of("yunxin", "group"), kind="group"))
    (dead,) = route(Callback("old", said, NOW), apps_of("yunxin", "easemob"), groups("yunxin"))
    assert isinstance(dead, DeadLettered)
    assert dead.cause == "group-unmapped"
    assert dead.detail.startswith("easemob group 'team'")


@pytest.mark.parametrize("app", ["nobody", "lost"])
def test_settings_that_do_not_hold_the_app_are_ours_to_mend(app: str) -> None:
    apps = {"lost": App("lost", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "gone")}
    (dead,) = route(Callback(app, b"{}", NOW), apps, IdentityTable())
    assert isinstance(dead, DeadLettered)
    assert dead.ours


def test_an_id_that_does_not_fit_is_written_and_read_back() -> None:
    sender = "anna_maria.von-der-heide_1984"
    routed, apps, known = deliver("easemob", "yunxin", message("easemob", sender=sender))
    assert routed.delivery.sender == sender
    long = "anna_maria.von-der-heide_1984@example.org"
    routed, apps, known = deliver("easemob", "yunxin", message("easemob", sender=long.replace("@", ".")))
    assert routed.delivery.sender.startswith("h--")
    routed, apps, known = deliver("yunxin", "easemob", message("yunxin", sender="me@home"))
    assert routed.delivery.sender == "x--me-40home"
    assert routed.key == b"direct\x1fbob\x1fme@home"
    answer = message("easemob", sender="bob", to="x--me-40home")
    (back,) = route(Callback("new", wire.dump_any(answer), NOW), apps, known)
    assert isinstance(back, Deliver)
    assert (back.delivery.receiver, back.key) == ("me@home", routed.key)


def test_a_hashed_id_is_minted_and_the_answer_finds_its_way() -> None:
    long = "a" * 40
    apps, known = apps_of("easemob", "yunxin"), IdentityTable()
    minted, routed = route(Callback("old", wire.dump_any(message("easemob", sender=long)), NOW), apps, known)
    assert isinstance(minted, NewIdentity)
    assert isinstance(routed, Deliver)
    assert (minted.platform, minted.canonical, minted.user) == ("yunxin", long, routed.delivery.sender)
    answer = Callback("new", wire.dump_any(message("yunxin", sender="bob", to=minted.user)), NOW)
    (dead,) = route(answer, apps, known)
    assert isinstance(dead, DeadLettered)
    assert (dead.cause, dead.ours) == ("user-unmapped", True)
    assert known.apply(*record(minted.platform, "user", minted.user, minted.canonical)) is None
    (back,) = route(answer, apps, known)
    assert isinstance(back, Deliver)
    assert (back.delivery.receiver, back.key) == (long, routed.key)
    (again,) = route(Callback("old", wire.dump_any(message("easemob", sender=long)), NOW), apps, known)
    assert isinstance(again, Deliver), "known by now: not minted again"


def test_an_echo_before_its_people_are_known_is_no_dead_letter() -> None:
    apps = apps_of("easemob", "yunxin")
    _, routed = route(Callback("old", wire.dump_any(message("easemob", sender="a" * 40)), NOW), apps, IdentityTable())
    assert isinstance(routed, Deliver)
    (request,) = PLATFORMS["yunxin"].encode(routed.delivery, apps["new"].account, NOTHING).requests
    back = Callback("new", wire.dump_any(as_callback("yunxin", request)), NOW)
    assert route(back, apps, IdentityTable()) == (Dropped("echo-unmapped"),)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_delivery_survives_the_wire(source: str, target: str) -> None:
    for native in ("", "HOLOGRAM"):
        routed, *_ = deliver(source, target, message(source, native=native))
        assert wire.load(wire.dump(routed.delivery), Delivery) == routed.delivery


@pytest.mark.parametrize("name", NAMES)
def test_every_copy_of_a_callback_has_the_same_event_id(name: str) -> None:
    said = body(name, message(name))
    one, two = (route(Callback("old", said, at), apps_of(name, name), IdentityTable()) for at in (NOW, NOW + 60_000))
    assert of_kind(Deliver, one[-1]).delivery.event == of_kind(Deliver, two[-1]).delivery.event


@pytest.mark.parametrize("name", NAMES)
def test_a_repeat_is_encoded_to_the_same_bytes(name: str) -> None:
    routed, apps, _ = deliver(name, name, message(name))
    assert PLATFORMS[name].encode(routed.delivery, apps["new"].account, NOTHING) == PLATFORMS[name].encode(
        routed.delivery, apps["new"].account, NOTHING
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_unreadable_answer_is_never_a_safe_repeat(name: str) -> None:
    request = Request("POST", "/", {}, b"", "")
    for raw in (b"", b"{", b"null", b"[]", b'{"code":"x"}', b'{"data":7}', b"\xff"):
        for status in (200, 201, 302, 500, 502, 504):
            assert isinstance(PLATFORMS[name].read_reply(request, Reply(status, {}, raw)), Unsure), (status, raw)
        assert isinstance(PLATFORMS[name].read_reply(request, Reply(429, {}, raw)), NotSent)
        assert isinstance(PLATFORMS[name].read_reply(request, Reply(404, {}, raw)), Refused)


@pytest.mark.parametrize("name", NAMES)
def test_reasons_repeat_nothing_that_people_wrote(name: str) -> None:
    told = "alice wrote: hello"
    said = {"code": 414, "desc": told, "msg": told, "error": told, "error_description": told, "error_code": told}
    for status in (200, 400, 403, 429, 500):
        outcome = PLATFORMS[name].read_reply(Request("POST", "/", {}, b""), Reply(status, {}, wire.dump_any(said)))
        assert "alice" not in str(outcome)


def test_requests_carry_no_secret() -> None:
    for source, target in PAIRS:
        routed, apps, _ = deliver(source, target, message(source))
        encoded = PLATFORMS[target].encode(routed.delivery, apps["new"].account, NOTHING)
        assert secret_of(target) not in str(encoded)


def test_reasons_are_short_fixed_words() -> None:
    for name in NAMES:
        apps = apps_of(name, name)
        said = [message(name) | {"eventType": "<script>", "chat_type": "<script>"}, {"eventType": 99}, {"chat_type": "zz"}]
        for one in said:
            for routed in route(Callback("old", body(name, one), NOW), apps, IdentityTable()):
                if isinstance(routed, Dropped):
                    assert re.fullmatch(r"[a-z:-]+", routed.reason)
                else:  # what somebody wrote in it is not dropped because its kind is unknown
                    assert isinstance(routed, DeadLettered | Deliver)
                    assert not isinstance(routed, DeadLettered) or "<script>" not in routed.detail


def test_yunxin_signs_every_request() -> None:
    auth = PLATFORMS["yunxin"].auth
    assert isinstance(auth, Signed)
    account = msgspec.structs.replace(PLATFORMS["yunxin"].example(), app_secret="demo-secret")
    headers = auth.headers(account, 1_700_000_000, "n0nce-1")
    assert headers == {
        "AppKey": "demo-yunxin",
        "Nonce": "n0nce-1",
        "CurTime": "1700000000",
        "CheckSum": "df46c51deec224902cf2b7ae1dd49a2e22424dc0",
    }


def test_only_messages_that_are_said_are_carried() -> None:
    account = PLATFORMS["easemob"].example()
    said = message("easemob") | {"eventType": "chat_offline"}
    assert PLATFORMS["easemob"].decode(Callback("a", wire.dump_any(said), NOW), account) == (Ignored("offline-copy"),)
