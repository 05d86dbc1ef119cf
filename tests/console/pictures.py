"""`python -m tests.console.pictures`: the pictures of docs/console.md, of the page over a Kafka of its own, in both languages."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from converters.core.outcome import Delivered
from converters.routing.identity_table import record
from streams.deliver.ledger_schema import Intent, Settled
from tests.broker import broker
from tests.console.browser import browser
from tests.console.conftest import PASSWORD, Site, exposed
from tests.house.tree import ROOT
from tests.operate.conftest import Ground, callback, delivery

INTO = ROOT / "docs" / "console"
DESK, PHONE = (1200, 800), (375, 760)


def filled(ground: Ground) -> None:
    now = int(time.time() * 1000)
    ground.called(callback(700000001), callback(700000002))
    ground.convert()
    ground.know(
        delivery(700000001),
        Intent(target="new", at=now + 20),
        Settled(outcome=Delivered("1390555555", now + 40), target="new", at=now + 48),
    )
    ground.called(callback(700000003), at=now - 240_000)
    ground.bury(*(delivery(700000010 + at) for at in range(4)), cause="refused")
    ground.bury(delivery(700000020, "carol"), cause="expired", detail="no answer within 300 s", whose="ours")
    records = [record("easemob", "group", "270000000000001", "team"), record("yunxin", "group", "6123456789", "team")]
    ground.put([(f"{ground.prefix}identities", 0, key, value, [], None) for key, value in records])


def metrics() -> str:
    """What roles say, one of whose breakers is open."""
    lines = [
        'im_relay_breaker{app="new",platform="easemob",api="messages"} 2',
        'im_relay_breaker{app="old",platform="yunxin",api="messages"} 0',
    ]
    lines += ['im_relay_quota_ratio{app="new",limit="messages"} 0.5', 'im_relay_quota_ratio{app="old",limit="messages"} 1']
    lines += [
        f'im_relay_quota_waiting{{app="{app}",class="{kind}"}} {count}'
        for app, kind, count in (("new", "live", 12), ("new", "backfill", 0), ("old", "live", 0), ("old", "backfill", 3))
    ]
    lines += [f'im_relay_canary_last_success_seconds{{direction="{way}",kind="text"}} {time.time() - 20}' for way in ("old>new", "new>old")]
    return "\n".join(lines) + "\n"


def main() -> int:
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, broker(Path(place) / "kafka") as bootstrap, exposed(metrics().encode()) as role:
        site = Site(Ground(bootstrap, Path(place)), (role,))
        filled(site.ground)
        with site.running(), browser() as one:
            one.size(*DESK)
            one.open(f"{site.url}/login")
            one.fill("name", "ann")
            one.fill("password", PASSWORD)
            one.follow("button.main")
            shots = [
                ("status", "/?"),
                ("message", "/message?id=700000001&since=1h&"),
                ("letters", "/letters?"),
                ("identities", "/identities?kind=group&id=team&"),
            ]
            for name, path in shots:
                for language, end in (("en", ""), ("zh", ".zh-CN")):
                    one.size(*DESK)
                    one.open(f"{site.url}{path}lang={language}")
                    _keep(f"{name}{end}.png", one.picture())
                    if name in ("status", "letters"):
                        one.size(*PHONE)
                        _keep(f"{name}-phone{end}.png", one.picture())
    return 0


def _keep(name: str, png: bytes) -> None:
    (INTO / name).write_bytes(png)
    if quant := shutil.which("pngquant"):
        subprocess.run([quant, "--force", "--ext", ".png", "64", str(INTO / name)], check=True)


if __name__ == "__main__":
    sys.exit(main())
