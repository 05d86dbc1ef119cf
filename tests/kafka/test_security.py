"""Every way in to a secured Kafka, by every kind of client; and what is said where the door stays shut."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from streams.kafka import clients, permissions, supported_versions
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Cluster
from streams.kafka.frames import Api
from streams.kafka.permissions import visible, why
from streams.kafka.security import SecuritySettings
from tests.secured import KEY_PASSWORD, PASSWORD, Secured, token


@pytest.fixture
def topic(guarded: Secured) -> Iterator[str]:
    """One that the user `relay` may read and write, as may whoever has the certificate `CN=relay`."""
    name = f"t{uuid4().hex[:8]}"

    async def make() -> None:
        from aiokafka.admin import NewTopic

        admin = clients.admin(guarded.plain)
        await admin.start()
        await admin.create_topics([NewTopic(name, 2, 1)])
        await admin.close()

    asyncio.run(make())
    for user in ("relay", CERTIFIED):
        guarded.grant(user, [AclGrant("topic", name, "Read"), AclGrant("topic", name, "Write")])
    yield name
    for user in ("relay", CERTIFIED):
        guarded.revoke(user)


CERTIFIED = "CN=relay,OU=tests,O=relay\\, inc"


def cluster(guarded: Secured, listener: str = "SECURE", **given: Any) -> Cluster:
    return Cluster(guarded.at(listener), SecuritySettings(**guarded.security(**given)))


async def written_and_read(where: Cluster, topic: str) -> list[bytes]:
    async with clients.producer(where, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"hello", partition=0)
    consumer = clients.consumer(where, auto_offset_reset="earliest")
    await consumer.start()
    try:
        from aiokafka import TopicPartition

        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return [record.value for records in (await consumer.getmany(timeout_ms=5000)).values() for record in records]
    finally:
        await consumer.stop()


async def shut(where: Cluster) -> str:
    """What is said where no client can be started."""
    client = clients.client(where, request_timeout_ms=5000)
    with pytest.raises(KafkaError) as caught:
        await client.bootstrap()
    await client.close()
    said = why(caught.value, where)
    assert PASSWORD not in said
    return said


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize(("listener", "protocol"), [("SECURE", "SASL_SSL"), ("PROVEN", "SASL_PLAINTEXT")])
async def test_in_by_name_and_password(guarded: Secured, topic: str, listener: str, protocol: str, mechanism: str) -> None:
    ca = guarded.security()["ca_file"] if protocol == "SASL_SSL" else None
    where = cluster(guarded, listener, mechanism=mechanism, protocol=protocol, ca_file=ca)
    assert await written_and_read(where, topic) == [b"hello"]
    assert where.credentials.principal() == "User:relay"


@pytest.mark.parametrize("password", ["", KEY_PASSWORD])
async def test_in_by_certificate(guarded: Secured, topic: str, password: str) -> None:
    certificate, key = guarded.certificate("relay", password=password)
    given = certified(guarded) | {"certificate_file": certificate, "key_file": key}
    if password:
        given["key_password"] = password
    where = Cluster(guarded.at("MUTUAL"), SecuritySettings(**given))
    assert await written_and_read(where, topic) == [b"hello"]
    assert where.credentials.principal() == f"User:{CERTIFIED}"


async def test_in_by_a_certificate_that_stands_in_the_settings_themselves(guarded: Secured, topic: str) -> None:
    certificate, key = (Path(path).read_text() for path in guarded.certificate("relay"))
    where = Cluster(guarded.at("MUTUAL"), SecuritySettings(protocol="SSL", ca=guarded.ca.read_text(), certificate=certificate, key=key))
    assert await written_and_read(where, topic) == [b"hello"]


async def test_in_by_token_from_a_file(guarded: Secured, topic: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(token("relay") + "\n")
    where = bearer(guarded, token_file=str(tmp_path / "token"))
    assert await written_and_read(where, topic) == [b"hello"]
    assert where.credentials.principal() == "User:relay"


async def test_in_by_token_from_an_endpoint(guarded: Secured, topic: str, endpoint: "Endpoint") -> None:
    where = bearer(guarded, "SECURE", **endpoint.settings, scope="kafka", token_parameters={"audience": "relay"})
    assert await written_and_read(where, topic) == [b"hello"]
    assert len(endpoint.asked) == 1, "one token for all connections"
    form = endpoint.asked[0]
    assert form == {
        "grant_type": "client_credentials",
        "scope": "kafka",
        "audience": "relay",
        "authorization": "Basic cmVsYXk6c2VjcmV0LW9mLXRoZS1yZWxheQ==",
    }


async def test_in_by_the_signer_of_aws(guarded: Secured, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import time
    import types

    class MSKAuthTokenProvider:
        @staticmethod
        def generate_auth_token(region: str) -> tuple[str, int]:
            assert region == "eu-west-1"
            return token("relay"), int((time.time() + 900) * 1000)

    signer = types.ModuleType("aws_msk_iam_sasl_signer")
    signer.MSKAuthTokenProvider = MSKAuthTokenProvider  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, signer.__name__, signer)
    where = cluster(guarded, mechanism="AWS_MSK_IAM", region="eu-west-1", username=None, password_file=None)
    assert await written_and_read(where, topic) == [b"hello"]


async def test_a_proof_is_given_anew_before_it_ends(guarded: Secured, topic: str) -> None:
    """The broker closes a connection whose proof has ended: this one stays, while it is used for three times as long."""
    client = clients.client(cluster(guarded, "BRIEFLY"))
    await client.bootstrap()
    node = client.get_random_node()
    await visible(client, [topic])
    connection = client._conns[node, 0] if (node, 0) in client._conns else next(iter(client._conns.values()))
    loop = asyncio.get_running_loop()
    until = loop.time() + 6
    while loop.time() < until:
        assert (await visible(client, [topic]))[topic] == 2
    assert connection.connected()
    assert next(iter(client._conns.values())) is connection
    await client.close()


# -- what changes while it runs


async def test_a_changed_password_is_taken_by_new_connections(guarded: Secured, topic: str, tmp_path: Path) -> None:
    user, file = f"u{uuid4().hex[:6]}", tmp_path / "password"
    guarded.user(user, "first-one-of-this-user")
    guarded.grant(user, [AclGrant("topic", topic, "Read"), AclGrant("topic", topic, "Write")])
    file.write_text("first-one-of-this-user")
    where = cluster(guarded, username=user, password_file=str(file))
    assert await written_and_read(where, topic)
    guarded.user(user, "second-one-of-this-user")
    assert "refuses the password" in await shut(where)
    file.write_text("second-one-of-this-user\n")
    assert await written_and_read(where, topic)


async def test_a_changed_certificate_and_ca_are_taken_by_new_connections(guarded: Secured, topic: str, tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("ca_file", "certificate_file", "key_file")}
    expired = guarded.certificate("relay", ended=True)
    for name, source in zip(paths, (str(guarded.other_ca), *expired), strict=True):
        shutil.copy(source, paths[name])
    where = Cluster(guarded.at("MUTUAL"), SecuritySettings(protocol="SSL", **{name: str(path) for name, path in paths.items()}))
    assert "not signed by the CA of kafka.security.ca_file" in await shut(where)
    shutil.copy(guarded.ca, paths["ca_file"])
    assert "has ended on" in await shut(where)
    for name, source in zip(("certificate_file", "key_file"), guarded.certificate("relay"), strict=True):
        shutil.copy(source, paths[name])
    assert await written_and_read(where, topic)


async def test_files_that_do_not_fit_for_a_moment_change_nothing(guarded: Secured, topic: str, tmp_path: Path) -> None:
    certificate, key = (Path(path) for path in guarded.certificate("relay"))
    shutil.copy(certificate, tmp_path / "certificate")
    shutil.copy(key, tmp_path / "key")
    given = certified(guarded) | {"certificate_file": str(tmp_path / "certificate"), "key_file": str(tmp_path / "key")}
    where = Cluster(guarded.at("MUTUAL"), SecuritySettings(**given))
    assert await written_and_read(where, topic)
    shutil.copy(guarded.certificate("relay")[0], tmp_path / "certificate")
    assert await written_and_read(where, topic), "the certificate is new and the key is not, yet"


# -- the door stays shut, and it is said why


def certified(guarded: Secured) -> dict[str, Any]:
    """Only TLS, and no name."""
    return {"protocol": "SSL", "ca_file": str(guarded.ca)}


WRONG: dict[str, tuple[str, Callable[[Secured], dict[str, Any]], str]] = {
    "refused password": (
        "SECURE",
        lambda _: {"password_file": None, "password": "wrong"},
        "refuses the password of 'relay' by SCRAM-SHA-512: see kafka.security.username and kafka.security.password",
    ),
    "refused password, PLAIN": (
        "SECURE",
        lambda _: {"mechanism": "PLAIN", "password_file": None, "password": "wrong"},
        "refuses the password of 'relay' by PLAIN",
    ),
    "no such user": ("SECURE", lambda _: {"username": "nobody"}, "refuses the password of 'nobody'"),
    "wrong CA": (
        "SECURE",
        lambda guarded: {"ca_file": str(guarded.other_ca)},
        "is not signed by the CA of kafka.security.ca_file: give the CA",
    ),
    "another CA of the same name": (
        "SECURE",
        lambda guarded: {"ca_file": str(guarded.namesake)},
        "is not signed by the CA of kafka.security.ca_file: give the CA",
    ),
    "no CA": (
        "SECURE",
        lambda _: {"ca_file": None},
        "is not signed by a CA that this system trusts: give the CA that has signed it as kafka.security.ca_file",
    ),
    "expired certificate of the broker": ("EXPIRED", lambda _: {}, "certificate has ended (expired)"),
    "another host": ("ELSEWHERE", lambda _: {}, "is for another name (hostname mismatch): write in kafka.bootstrap"),
    "TLS to a plain listener": (
        "PROVEN",
        lambda _: {},
        'the listener speaks no TLS, and kafka.security.protocol is "SASL_SSL": write SASL_PLAINTEXT',
    ),
    "TLS to a listener without names": ("PLAINTEXT", lambda _: {}, "write PLAINTEXT"),
    "plain to a TLS listener": (
        "SECURE",
        lambda _: {"protocol": "SASL_PLAINTEXT", "ca_file": None},
        'the listener speaks TLS, and kafka.security.protocol is "SASL_PLAINTEXT": write SASL_SSL, with kafka.security.mechanism one of OAUTHBEARER, PLAIN, SCRAM-SHA-256',
    ),
    "plain to a listener that wants a certificate": (
        "MUTUAL",
        lambda _: {"protocol": "SASL_PLAINTEXT", "ca_file": None},
        "the listener speaks TLS",
    ),
    "no certificate": ("MUTUAL", certified, "kafka.security.certificate_file and kafka.security.key_file"),
    "no name": (
        "SECURE",
        certified,
        'wants a name and its proof, and kafka.security.protocol is "SSL": write SASL_SSL, with kafka.security.mechanism one of',
    ),
    "a name where none is wanted": (
        "TLS",
        lambda _: {},
        'the listener wants no name: write kafka.security.protocol = "SSL" without a mechanism',
    ),
    "refused token": ("SECURE", lambda _: oauth(token=token("relay", seconds=-3600)), "refuses the token that kafka.security.token holds"),
    "no signer": (
        "SECURE",
        lambda _: {"mechanism": "AWS_MSK_IAM", "region": "eu-west-1", "username": None, "password_file": None},
        "its signer is not installed: pip install 'im-relay[msk]'",
    ),
    "no file": (
        "SECURE",
        lambda _: {"password_file": "/nowhere/password"},
        "kafka.security.password_file: cannot read /nowhere/password: No such file or directory",
    ),
    "a CA that is none": (
        "SECURE",
        lambda guarded: {"ca_file": guarded.security()["password_file"]},
        "kafka.security.ca_file is no certificate: expected is PEM",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_said_with_the_setting_to_change(guarded: Secured, case: str) -> None:
    listener, given, expected = WRONG[case]
    changed = given(guarded)
    said = await shut(
        cluster(
            guarded,
            listener,
            **({"username": None, "password_file": None, "mechanism": None} if changed.get("protocol") == "SSL" else {}) | changed,
        )
    )
    assert expected in said


OWN: dict[str, tuple[Callable[[Secured], dict[str, Any]], str]] = {
    "of another CA": (lambda guarded: paths(guarded.certificate("relay", by=guarded.stranger)), "does not take our certificate"),
    "ended": (lambda guarded: paths(guarded.certificate("relay", ended=True)), "kafka.security.certificate_file has ended on"),
    "with the key of another": (
        lambda guarded: paths((guarded.certificate("relay")[0], guarded.certificate("other")[1])),
        "kafka.security.key_file is not the key of kafka.security.certificate_file",
    ),
    "with an encrypted key": (
        lambda guarded: paths(guarded.certificate("relay", password=KEY_PASSWORD)),
        "is encrypted: give kafka.security.key_password_file",
    ),
    "with another password": (
        lambda guarded: paths(guarded.certificate("relay", password=KEY_PASSWORD)) | {"key_password": "wrong"},
        "kafka.security.key_file cannot be decrypted: kafka.security.key_password is another",
    ),
}


@pytest.mark.parametrize("case", OWN)
async def test_what_is_wrong_with_our_own_certificate_is_said(guarded: Secured, case: str) -> None:
    given, expected = OWN[case]
    assert expected in await shut(Cluster(guarded.at("MUTUAL"), SecuritySettings(**certified(guarded) | given(guarded))))


async def test_nobody_there_is_said(guarded: Secured) -> None:
    from streams.kafka.local.ports import free_port

    port = free_port()
    assert f"127.0.0.1:{port}: no broker answers there" in await shut(Cluster(f"127.0.0.1:{port}"))
    assert "this host has no address" in await shut(Cluster("kafka.invalid:9092"))


async def test_a_token_endpoint_that_gives_none_is_said(guarded: Secured, endpoint: "Endpoint") -> None:
    endpoint.answers = httpx.Response(401, json={"error": "invalid_client"})
    assert f"kafka.security.token_url {endpoint.url} gives no token: it answered 401 invalid_client" in await shut(
        bearer(guarded, **endpoint.settings)
    )
    endpoint.answers = httpx.Response(200, text="<html>")
    assert "gives no token: it answered 200;" in await shut(bearer(guarded, **endpoint.settings))
    gone = endpoint.settings | {"token_url": "http://127.0.0.1:9/token"}
    assert "gives no answer (ConnectError)" in await shut(bearer(guarded, **gone))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"protocol": "SASL_SSL"}, "mechanism is missing: one of PLAIN"),
        (
            {"protocol": "SSL", "mechanism": "PLAIN"},
            'protocol is "SSL", which proves no name, and there is mechanism: write protocol = "SASL_SSL"',
        ),
        ({"protocol": "SASL_SSL", "mechanism": "PLAIN", "password": "x"}, "username is missing"),
        (
            {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-256", "username": "x"},
            "password is missing: mechanism is SCRAM-SHA-256; give password_file",
        ),
        (
            {"protocol": "SASL_SSL", "mechanism": "PLAIN", "username": "x", "password": "x", "password_file": "y"},
            "password and password_file are both given",
        ),
        ({"protocol": "SSL", "certificate_file": "x"}, "certificate is given, and key is not"),
        ({"protocol": "SSL", "key_file": "x"}, "key is given, and certificate is not"),
        ({"ca_file": "x"}, 'protocol is "PLAINTEXT", without TLS, and there is ca: write protocol = "SSL"'),
        ({"protocol": "SASL_SSL", "mechanism": "OAUTHBEARER"}, "neither token_url nor token_file is given"),
        (
            {"protocol": "SASL_SSL", "mechanism": "OAUTHBEARER", "token_url": "https://x/", "token_file": "y"},
            "both token_url and token are given",
        ),
        ({"protocol": "SASL_SSL", "mechanism": "OAUTHBEARER", "token_url": "https://x/"}, "client_id and client_secret_file are needed"),
        ({"protocol": "SASL_SSL", "mechanism": "AWS_MSK_IAM"}, "region is missing"),
        ({"protocol": "SASL_PLAINTEXT", "mechanism": "AWS_MSK_IAM", "region": "x"}, 'write protocol = "SASL_SSL"'),
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SecuritySettings(**given)
    assert expected in str(caught.value)


def paths(pair: tuple[str, str]) -> dict[str, Any]:
    return {"certificate_file": pair[0], "key_file": pair[1]}


def oauth(**given: Any) -> dict[str, Any]:
    return {"mechanism": "OAUTHBEARER", "username": None, "password_file": None} | given


def bearer(guarded: Secured, listener: str = "SECURE", **given: Any) -> Cluster:
    return cluster(guarded, listener, **oauth(**given))


class Endpoint:
    """Gives tokens; *asked* are the forms that came."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/token"
        self.asked: list[dict[str, str]] = []
        self.answers: httpx.Response | None = None
        self.settings = {"token_url": self.url, "client_id": "relay", "client_secret": "secret-of-the-relay"}


@pytest.fixture
async def endpoint(unused_tcp_port: int) -> Any:
    from aiohttp import web

    made = Endpoint(unused_tcp_port)

    async def answer(request: web.Request) -> web.Response:
        made.asked.append(dict(await request.post()) | {"authorization": request.headers["authorization"]})  # type: ignore[arg-type]
        if made.answers is not None:
            return web.Response(status=made.answers.status_code, text=made.answers.text)
        return web.json_response({"access_token": token("relay"), "expires_in": 3600, "token_type": "Bearer"})

    app = web.Application()
    app.router.add_post("/token", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield made
    await runner.cleanup()


@pytest.mark.parametrize("tells", [True, False])
async def test_what_may_not_be_seen_is_told_from_what_is_not_there(
    guarded: Secured, topic: str, monkeypatch: pytest.MonkeyPatch, tells: bool
) -> None:
    """By a broker that does not know how to tell what is permitted, too."""
    if not tells:
        monkeypatch.setattr(permissions, "METADATA", Api(3, 99))
        monkeypatch.setattr(permissions, "DESCRIBE_GROUPS", Api(15, 99))
    user = f"u{uuid4().hex[:6]}"
    guarded.user(user)
    guarded.grant(user, [AclGrant("topic", "p.", "Describe", prefixed=True), AclGrant("group", "mine", "Read")])
    client = clients.client(cluster(guarded, username=user))
    await client.bootstrap()
    try:
        async with asyncio.timeout(30):
            while (await permissions.described(client, ["p.none"]))["p.none"].hidden:
                await asyncio.sleep(0.02)
        assert await visible(client, ["p.none"]) == {"p.none": 0}
        with pytest.raises(permissions.NotPermittedError, match=f"User:{user} is not permitted: Describe on topic {topic}") as caught:
            await visible(client, [topic, "p.none"])
        assert caught.value.missing == (AclGrant("topic", topic, "Describe"),)
        asked = [
            AclGrant("group", "mine", "Read"),
            AclGrant("group", "yours", "Read"),
            AclGrant("transactional-id", "mine-", "Write", prefixed=True),
        ]
        assert await permissions.missing(client, asked) == asked[1:]
    finally:
        await client.close()
        guarded.revoke(user)


async def test_a_broker_that_is_too_old_is_said_at_the_start(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supported_versions, "FETCH_VERSION", 99)
    assert f"{kafka}: this broker is older than Kafka 3.7, or of another maker" in await shut(Cluster(kafka))
    client = clients.client(Cluster(kafka, untried=True))
    await client.bootstrap()
    await client.close()


def test_the_oldest_that_is_taken_is_of_3_7() -> None:
    """Fetch has had version 16 since 3.7. Source: Apache Kafka, FetchRequest."""
    supported_versions.check_version({1: (4, 16)}, Cluster("a:1"))
    for versions in ({1: (0, 15)}, {}):
        with pytest.raises(supported_versions.TooOldError, match=r"write kafka\.allow_untested_versions = true"):
            supported_versions.check_version(versions, Cluster("a:1"))
        supported_versions.check_version(versions, Cluster("a:1", untried=True))
