"""`make bench-migrate-check`: how many messages of an export `im-relay migrate check` takes a second, and in how much memory.

Own-format lines of 260 bytes, about 13 to a conversation, one in five to a group; 20,000 users and 500 groups. The rate is over all that the command does, from the start of the
process to the hash of the bundle. Exit code 1 below 30,000 messages for each second of one core, or above 300 MB.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streams.cli.terminal import print_line

LEAST, MEMORY = 30_000, 300.0
USERS, GROUPS = 20_000, 500
SETTINGS = """
[apps.old]
platform = "own"
target = "new"
[apps.old.account]
secret = "bench-own-secret"
base_url = "https://im.example.com"
[apps.new]
platform = "easemob"
target = "old"
[apps.new.account]
org = "acme"
app = "shop"
client_id = "YXA6client"
client_secret = "YXA6secret"
callback_secret = "callback-secret"
base_url = "https://im.example.com"
"""


def export(folder: Path, messages: int) -> None:
    now, dice = int(time.time() * 1000), random.Random(1)
    folder.mkdir()
    with (folder / "users.jsonl").open("w") as file:
        file.writelines(json.dumps({"id": f"user{n:05}", "name": f"User {n}"}) + "\n" for n in range(USERS))
    with (folder / "groups.jsonl").open("w") as file:
        file.writelines(json.dumps({"id": f"g{n}", "owner": f"user{n:05}", "name": "Group"}) + "\n" for n in range(GROUPS))
    step = 80 * 86_400_000 // messages
    with (folder / "messages.jsonl").open("w") as file:
        for n in range(messages):
            who = dice.randrange(USERS)
            users = [f"user{who:05}", f"user{(who + 1 + n % 3) % USERS:05}"]
            conversation = {"kind": "direct", "users": users} if n % 5 else {"kind": "group", "id": f"g{dice.randrange(GROUPS)}"}
            body = {"kind": "text", "text": f"The quick brown fox jumps over the lazy dog, number {n} of many"}
            line = {
                "id": f"m-{n:08}-{dice.randrange(1 << 40):x}",
                "conversation": conversation,
                "sender": users[0],
                "at": now - 80 * 86_400_000 + n * step,
                "operation": {"op": "post", "body": body},
            }
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=1_000_000)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="im-relay-bench-") as directory:
        folder = Path(directory)
        export(folder / "export", given.messages)
        (folder / "relay.toml").write_text(SETTINGS)
        command = ["migrate", "check", "--from", "export", "--to", "new", "-c", "relay.toml", "--before-group", "restamp", "--files", "0"]
        begun = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "streams", *command], cwd=folder, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begun
        if status:
            print_line(f"check ended with status {status}")
            return 1
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    rate = given.messages / cpu
    print_line(
        f"{given.messages:,} messages checked in {seconds:.1f} s: {given.messages / seconds:,.0f} a second; {rate:,.0f} a second of one core; {memory:.0f} MB"
    )
    return int(rate < LEAST or memory > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
