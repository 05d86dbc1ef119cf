"""The real convert stage in the hop: text callbacks of Yunxin, for an app on Easemob."""

import orjson

from converters import PLATFORMS
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.convert.stage import ConvertStage
from streams.ingress.record import Headers, headers_of
from streams.kafka.topics import CALLBACKS, DELIVERIES
from tests.benchmarks.hop_topics import PARTITIONS

HEADERS: Headers = headers_of("yunxin", 1_700_000_000_000, [(b"CheckSum", b"0" * 40), (b"MD5", b"0" * 32), (b"CurTime", b"1700000000")])


def callback(number: int) -> bytes:
    """A text message as Yunxin calls it back, about 420 bytes, between one of 1,000 pairs."""
    return orjson.dumps(
        {
            "convType": "PERSON",
            "eventType": "1",
            "fromAccount": f"alice{number % 1000}",
            "fromClientType": "IOS",
            "fromDeviceId": "6E2B1F0C-5A0D-4E8E-9B57-3A9D2C1E7F10",
            "fromNick": "Alice",
            "ip": "203.0.113.7",
            "port": "52110",
            "msgTimestamp": str(1700000100001 + number),
            "msgType": "TEXT",
            "msgidClient": f"8d3f7a4e-0001-4b7a-9d9e-{number:012d}",
            "msgidServer": str(1203344570001 + number),
            "resendFlag": "0",
            "to": f"bob{number % 1000}",
            "body": "see you at the station at half past seven",
            "attach": "",
            "ext": "",
        }
    )


def apps() -> dict[str, App]:
    made = {}
    for name, target in (("yunxin", "easemob"), ("easemob", "yunxin")):
        platform = PLATFORMS[name]
        assert platform.example is not None
        made[name] = App(name=name, platform=platform, account=platform.example(), target=target)
    return made


def source(prefix: str) -> str:
    """Where the callbacks lie: of another topic none would be believed."""
    return CALLBACKS.name("yunxin", prefix=prefix)


def target(prefix: str) -> str:
    """Where the stage writes what is for Easemob."""
    return DELIVERIES.name("easemob", prefix=prefix)


def conversion(prefix: str) -> ConvertStage:
    return ConvertStage(apps(), IdentityTable(), partitions=PARTITIONS, prefix=prefix)
