"""Somebody who has seen a request of the relay's own posts its signature back to the relay: one secret signs both directions."""

import json
import time
from uuid import uuid4

import msgspec
import pytest

from converters import PLATFORMS
from converters.platform import Callback, Ignored, Incoming, Rejected, Signed, SignedBody
from tests.converters.shapes import NOW, body, incoming, message
from tests.ingress import client, signed
from tests.ingress.conftest import Running

RONGCLOUD = PLATFORMS["rongcloud"]
MESSAGE = body("rongcloud", message("rongcloud"))


def our_headers(secret: str = "", now: int = NOW // 1000) -> dict[str, str]:
    auth, account = RONGCLOUD.auth, RONGCLOUD.example()
    assert isinstance(auth, Signed)
    account = msgspec.structs.replace(account, app_secret=secret or account.app_secret)
    return {name.lower(): value for name, value in auth.headers(account, now, uuid4().hex).items()}


@pytest.mark.parametrize("before", ["", "rc-"])
def test_headers_of_a_request_to_rongcloud_sign_no_callback(before: str) -> None:
    headers = {before + name: value for name, value in our_headers().items()}
    assert RONGCLOUD.check(Incoming(headers, "", MESSAGE), RONGCLOUD.example(), NOW) == Rejected("our-own")


def test_nor_in_the_query_nor_with_the_boundary_moved_nor_under_the_secret_before() -> None:
    account = RONGCLOUD.example()
    former = msgspec.structs.replace(account, app_secret="the-newer-secret", app_secret_previous=account.app_secret)
    for _ in range(50):
        given = our_headers()
        signed_ = given["nonce"] + given["timestamp"]
        for cut in range(len(signed_)):
            query = f"nonce={signed_[:cut]}&signTimestamp={signed_[cut:]}&signature={given['signature']}"
            for each in (account, former):
                assert isinstance(RONGCLOUD.check(Incoming({}, query, MESSAGE), each, NOW), Rejected), query


def test_their_own_nonces_are_still_theirs() -> None:
    assert not isinstance(
        RONGCLOUD.check(incoming("rongcloud", message("rongcloud"), RONGCLOUD.example().app_secret), RONGCLOUD.example(), NOW), Rejected
    )


async def test_at_the_door(ingress: Running) -> None:
    account = msgspec.convert(signed.RONGCLOUD, RONGCLOUD.account)
    auth = RONGCLOUD.auth
    assert isinstance(auth, Signed)
    headers = auth.headers(account, int(time.time()), uuid4().hex)
    raw = client.post(ingress.rongcloud, MESSAGE, headers, media="application/x-www-form-urlencoded")
    assert (await client.ask(ingress.port, raw)).status == 401
    assert ingress.counted(ingress.rongcloud, 401, "our-own") == 1
    assert await ingress.records("rongcloud") == []


async def test_a_request_to_the_own_server_is_no_evidence_when_it_comes_back(ingress: Running) -> None:
    """Whoever swallows it on its way, and posts it here, would have it taken for delivered."""
    own = PLATFORMS["own"]
    assert isinstance(own.auth, SignedBody)
    event = message("own") | {"id": "easemob:e:direct:1:post", "relay": {"id": "easemob:e:direct:1:post"}}
    said = json.dumps(event).encode()
    account = msgspec.convert(signed.OWN, own.account)
    raw = client.post(ingress.own, said, own.auth.headers(account, int(time.time()), said))
    assert (await client.ask(ingress.port, raw)).status == 200
    (record,) = await ingress.records("own")
    assert own.decode(Callback("o", record.value, NOW), account) == (Ignored("our-own"),)
