"""`make demo-migrate`: a shop's CSV in GB18030 to a report for signature, on a simulated app and a real Kafka, by the commands of docs/migrating.md.

SHORT=1: a small shop. LANG_OF=en: all of it in English.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from streams.kafka.local.ports import free_port
from tests.demo import shop
from tests.migrate.rig import Rig
from tests.simulators.process import ROOT, SimulatorProcess
from tests.stack import MARKS

SIZES = {False: {"users": 1000, "groups": 40, "messages": 6000}, True: {"users": 40, "groups": 3, "messages": 400}}


SAYS = {
    "en": {
        "kafka": "starts Kafka (the first time, it is fetched: about half a minute)",
        "export": "the export of a shop: {0}, CSV in GB18030",
        "app": "Easemob, simulated: {0}; settings: {1}",
        "decide": "a person decides: SHOP0000 is left out, messages that are older than their group get a new time, old ones are for the devices",
        "end": "{0} and report.html, to be signed; {1:.0f} s",
    },
    "zh": {
        "kafka": "启动 Kafka（首次运行需下载，约半分钟）",
        "export": "一家商店的导出数据：{0}，GB18030 编码的 CSV",
        "app": "模拟的环信：{0}；配置：{1}",
        "decide": "由人决定：略过 SHOP0000，早于建群时间的消息改用新时间，超过存储时长的消息留给设备",
        "end": "{0} 和 report.html 待签字；用时 {1:.0f} 秒",
    },
}  # fmt: skip


class Walk:
    """Runs commands in one directory, says them before, and what they say after."""

    def __init__(self, console: Console, directory: Path, config: Path, language: str) -> None:
        self._console, self._directory, self._config, self._language = console, directory, config, language

    def run(self, *words: str, code: int = 0, speaks: bool = True) -> None:
        """Raises RuntimeError where a command does not end with *code*."""
        shown = ["im-relay", "migrate", *words, *(["--lang", self._language] if speaks else [])]
        self._console.print(f"\n[bold]$ {' '.join(shown)}[/]", highlight=False)
        done = subprocess.run(
            [sys.executable, "-m", "streams", *shown[1:]],
            cwd=self._directory,
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **MARKS, "PYTHONPATH": str(ROOT), "IM_RELAY_CONFIG": str(self._config), "IM_RELAY_LANG": self._language},
        )
        self._console.print(done.stdout.rstrip(), highlight=False, markup=False)
        if done.returncode != code:
            raise RuntimeError(f"{' '.join(shown)}: exit code {done.returncode}, not {code}")


def walk(console: Console, directory: Path, bootstrap: str, *, short: bool, language: str) -> Path:
    """The report."""
    size = SIZES[short]
    shop.write(directory / "export", **size, now=datetime.now(UTC))
    say = SAYS[language]
    console.print(f"[dim]· {say['export'].format(directory / 'export')}[/]", highlight=False)
    options = {"limit_calls": 0, "limit_user_calls": 0, "limit_group_calls": 0}
    with SimulatorProcess("easemob", **options) as app, Rig(bootstrap, directory / "rig", app.url) as rig:
        console.print(f"[dim]· {say['app'].format(app.url, rig.config)}[/]", highlight=False)
        steps = Walk(console, directory, rig.config, language)
        bundles = ("--work", str(rig.bundles))
        steps.run("check", "--from", "export", "--to", "new", "--files", "0", *bundles, code=1)
        console.print(f"\n[dim]· {say['decide']}[/]", highlight=False)
        choices = ("--skip", "case", "--before-group", "restamp", "--for-devices")
        steps.run("check", "--from", "export", "--to", "new", "--files", "0", *choices, *bundles)
        steps.run("probe", "--yes")
        steps.run("plan", *bundles)
        rig.worker()
        steps.run("apply", "--plan", "plan.md", "--live-since", "none", speaks=False)
        steps.run("status", speaks=False)
        steps.run("verify", "--plan", "plan.md")
        steps.run("device-export", "--out", "devices", speaks=False)
        steps.run("report", "--plan", "plan.md")
    return directory / "report.md"


def main() -> int:
    short, begun = os.environ.get("SHORT", "") not in ("", "0"), time.monotonic()
    language = "en" if os.environ.get("LANG_OF", "").startswith("en") else "zh"
    console, say = Console(soft_wrap=True), SAYS[language]
    with ExitStack() as exits:
        directory = Path(os.environ.get("DEMO_DIR") or tempfile.mkdtemp(prefix="im-relay-migrate-"))
        bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "")
        if not bootstrap:
            from streams.kafka.local.broker import LocalKafka

            console.print(f"[dim]· {say['kafka']}[/]", highlight=False)
            port = free_port()
            node = LocalKafka(directory / "kafka", port, free_port(), heap_mb=512, brief=True)
            exits.callback(node.stop)
            node.start()
            bootstrap = f"127.0.0.1:{port}"
        try:
            report = walk(console, directory, bootstrap, short=short, language=language)
        except RuntimeError as error:
            console.print(f"[red]{error}[/]", highlight=False)
            return 1
    console.print(f"\n[green]{say['end'].format(report, time.monotonic() - begun)}[/]", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
