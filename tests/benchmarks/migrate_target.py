"""As `target`, for imports: it answers each after a fixed delay, and checks that timestamps rise in every conversation."""

import asyncio
import sys
import time

import orjson
import uvloop

from tests.benchmarks.target import Connection, Seen


class Imports(Seen):
    def take(self, body: bytes) -> bytes:
        message = orjson.loads(body)
        talk = "|".join(sorted((message["from"], message["target"])))
        if message["msg_timestamp"] <= self.next[talk]:
            self.out_of_order += 1
        self.next[talk] = message["msg_timestamp"]
        self.count += 1
        self.last = time.time()
        self.first = self.first or self.last
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return orjson.dumps({"data": {"msg_id": str(1_000_000_000_000_000_000 + self.count)}})


async def main(port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    seen = Imports(delay)
    server = await loop.create_server(lambda: Connection(seen, loop), "127.0.0.1", port)
    print(f"ready http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), float(sys.argv[2])))
