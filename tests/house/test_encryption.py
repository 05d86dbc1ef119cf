"""What people wrote goes to Kafka and comes from it by way of the cipher, because nobody else reads or writes records."""

import ast
from collections.abc import Callable, Iterator

from streams.kafka.topics import TOPICS
from tests.house.tree import modules, name

FETCHING = {"FetchRequest", "fetch_undecrypted", "getone"}
"""What brings records that are not decrypted yet."""
FETCH = {
    "streams/kafka/clients.py",  # where consumers decrypt
    "streams/kafka/log_reader.py",  # decrypts what it has read
    "streams/exactly_once/consumer.py",  # has `Decryption` do it
}
WRITE = {
    "streams/exactly_once/transactions_aiokafka.py": "of `Producers`, which encrypts what a transaction holds",
    "streams/kafka/idempotent_producer.py": "of those in `IDEMPOTENT`",
}
"""Who makes a producer, and why no private record gets past the cipher. Direct transactions have none; they are of `Producers`, too."""
IDEMPOTENT = {
    "streams/ingress/producer.py": "of the store of callbacks, which encrypts each",
    "streams/kafka/record_writer.py": "of those in `WRITERS`",
}
WRITERS = {
    "streams/encryption/key_ring.py": "keys, which are wrapped",
    "streams/identities/follower.py": "identities",
    "streams/audit/log.py": "what operators did",
    "streams/migrate/apply.py": "orders of a migration",
}
BATCHES = {"streams/ingress/store.py", "streams/exactly_once/transactions_aiokafka.py", "streams/exactly_once/transactions_direct.py"}
"""Who builds record batches."""
TRANSACTIONS = {"DirectTransactions", "AiokafkaTransactions"}
UNDECRYPTED = {
    "streams/encryption/key_ring.py": "keys",
    "streams/encryption/check.py": "keys",
    "streams/ingress/following.py": "headers alone",
    "streams/kafka/log_reader.py": "where whoever makes it says so",
}
PRIVATE = {
    "callbacks.{platform}",
    "deliveries.{platform}",
    "backfill.{platform}",
    "media.jobs",
    "media.done",
    "media.results.{platform}",
    "dead-letters",
    "migration.{platform}",
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
                yield called, node
            case _:
                pass


def of(wanted: Callable[[str, ast.Call], bool]) -> set[str]:
    return {name(path) for path in modules("streams") if any(wanted(*each) for each in calls(ast.parse(path.read_text())))}


def test_nobody_fetches_records_beside_the_clients() -> None:
    assert of(lambda called, _: called in FETCHING) == FETCH


def test_nobody_reads_them_as_they_lie_there_without_a_reason() -> None:
    assert of(lambda _, node: any(each.arg == "opens" for each in node.keywords)) == set(UNDECRYPTED)


def test_nobody_makes_a_producer_without_a_reason() -> None:
    producing = of(lambda called, node: called == "producer" and isinstance(node.func, ast.Attribute) and _is(node.func.value, "clients"))
    assert producing == set(WRITE)
    starting = of(
        lambda called, node: called == "start" and isinstance(node.func, ast.Attribute) and _is(node.func.value, "idempotent_producer")
    )
    assert starting == set(IDEMPOTENT)
    assert of(lambda called, _: called == "RecordWriter") == set(WRITERS)


def test_batches_are_built_and_transactions_made_where_they_are_encrypted() -> None:
    assert of(lambda called, _: called in {"create_batch", "DefaultRecordBatchBuilder"}) == BATCHES
    assert of(lambda called, _: called in TRANSACTIONS) == {"streams/exactly_once/producers.py"}


def test_private_topics_are_those_that_hold_what_people_wrote() -> None:
    assert {topic.template for topic in TOPICS if topic.private} == PRIVATE


def _is(node: ast.AST, called: str) -> bool:
    return isinstance(node, ast.Name) and node.id == called
