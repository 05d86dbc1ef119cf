"""Calls functions of rc-server-sdk as its standard input says, a line of JSON each. Runs in a virtual environment of its own."""

import json
import sys

from rongcloud.rongcloud import RongCloud


def main() -> None:
    account = json.loads(sys.argv[1])
    client = RongCloud("demo", "secret", account["url"])
    for line in sys.stdin:
        asked = json.loads(line)
        *way, name = asked["call"].split(".")
        try:
            target = client
            for part in way:
                target = getattr(target, f"get_{part}")()
            value = getattr(target, name)(*asked["args"])
            # The SDK gives an error's body as it came.
            answer = {"error": value.decode("utf-8", "replace")} if isinstance(value, bytes) else {"value": value}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("=> " + json.dumps(answer), flush=True)


main()
