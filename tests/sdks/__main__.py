"""``python -m tests.sdks [--yunxin DIRECTORY] [--only NAME]``: install the SDKs, let them call the simulators, print the page; ``--print``: the page alone.

Ends with 1 when a call that has no explanation was not understood.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.sdks import install, page
from tests.sdks.session import run


def commands(yunxin: Path | None) -> dict[str, Callable[[], list[str]]]:
    """How each SDK is installed and started, by its name."""
    made: dict[str, Callable[[], list[str]]] = {
        "rc-server-sdk": install.python,
        "rongcloud-sdk": install.node,
        "cn.rongcloud.im:server-sdk-java": lambda: install.java("rongcloud", "RongCloudDriver"),
        "com.easemob.im:im-sdk-core": lambda: install.java("easemob", "EasemobDriver"),
    }
    if yunxin is not None:
        made["netease-im/yunxin-server-sdk-java"] = lambda: install.java("yunxin", "YunxinDriver", yunxin / "src/main/java")
    return made


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.sdks", description=__doc__)
    parser.add_argument(
        "--yunxin", type=Path, help="a checkout of the repository of Yunxin's SDK for Java; without it, what is known of it stays"
    )
    parser.add_argument("--only", help="the SDK of this name")
    parser.add_argument("--print", action="store_true", help="the page anew, from the results that are there")
    given = parser.parse_args()
    results = page.read()
    bad = 0
    starts = {} if given.print else commands(given.yunxin)
    for sdk in page.SDKS:
        if sdk.name not in starts or given.only not in (None, sdk.name):
            continue
        try:
            command = starts[sdk.name]()
        except install.NotInstalledError as missing:
            print(f"{sdk.name}: {missing}")
            return 1
        with tempfile.TemporaryDirectory() as folder:
            outcomes = run(sdk, command, Path(folder))
        results[sdk.name] = outcomes
        print(f"{sdk.name} {sdk.version}: {len(outcomes)} calls, {sum(one.understood for one in outcomes)} understood")
        for step, outcome in zip(sdk.steps, outcomes, strict=True):
            if not outcome.understood and step.gap is None:
                bad += 1
                print(f"  {outcome.call} {outcome.note}: {outcome.why}")
    page.write(results)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
