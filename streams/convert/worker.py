"""A task of `convert`: it begins once this worker knows what the last owner of its partition has minted."""

from aiokafka.errors import KafkaError

from streams.exactly_once.outputs import Unknown
from streams.exactly_once.stateless_stage import Hop
from streams.exactly_once.task import Task
from streams.identities.follower import Follower


class Converting:
    def __init__(self, hop: Hop, follower: Follower) -> None:
        self._hop = hop
        self._follower = follower

    async def run(self, task: Task) -> None:
        try:
            await self._follower.caught_up()
        except KafkaError as error:
            raise Unknown(f"identities cannot be read: {type(error).__name__}") from None
        await self._hop.run(task)
