"""Faust agents made exact and fast: one event is a batch of records, and what it causes commits with its offset.

Faust's own `exactly_once` doubles messages when a worker is killed: its offsets and its outputs are not tied to the
partition's owner, and a worker that was taken for dead goes on writing. This package is a Faust transport (`faust.transport`
is its extension point) which keeps Faust's agents, rebalances and life cycle, and replaces what lies under them:

- *One message is the record batch of one partition* (`batch`): conversion pays Faust's price once for thousands of records.
- *A task owns partition number p of all inputs of a stage* (`task`), and outlives the agent's coroutine, which Faust cancels
  in the middle of anything. The agent only hands batches over.
- *Outputs and offsets commit in one transaction* of a transactional id that belongs to that task alone (`producers`). The
  client can name no group generation to the broker, so a single producer of a worker would leave zombies unfenced: with an id
  for each input partition, the next owner's start fences the last owner by construction.
- *Two steps* where the brokers allow them (`transaction`, `wire`): writes and offsets, then the end. Elsewhere aiokafka's five (`classic`).
- *Two ids in turn.* A commit is answered before its markers are written, and the next transaction of the same id waits
  20 ms for them. The other id need not wait. Both are fenced before an offset is read.
- *An unknown result ends in new producers.* A commit whose answer is lost may have happened. It is not repeated: both producers
  are thrown away, new ones fence them, the committed offset says what is true, and reading resumes there (`task`).
- *A batch that was fetched before a seek is recognised* by its epoch and dropped (`consumer`).

The transport's `Producer` sends nothing: agents write through their task, or not at all.
"""
