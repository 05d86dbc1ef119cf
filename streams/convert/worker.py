"""A task of `convert`: it begins once this worker knows what the last owner of its partition has minted."""

from aiokafka.errors import KafkaError

from streams.exactly_once.outputs import UnknownResultError
from streams.exactly_once.stateless_stage import StatelessStage
from streams.exactly_once.task import PartitionTask
from streams.identities.follower import IdentityFollower


class ConvertWorker:
    def __init__(self, hop: StatelessStage, follower: IdentityFollower) -> None:
        self._hop = hop
        self._follower = follower

    async def run(self, task: PartitionTask) -> None:
        try:
            await self._follower.caught_up()
        except KafkaError as error:
            raise UnknownResultError(f"identities cannot be read: {type(error).__name__}") from None
        await self._hop.run(task)
