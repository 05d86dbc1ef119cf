"""TLS, names and passwords hold for every client of Kafka, because there is one place where clients are made."""

import ast

from tests.house.tree import modules, name

FACTORY = "streams/kafka/clients.py"
MADE_THERE = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "AIOKafkaClient", "AIOKafkaConnection", "create_conn"}
"""What opens a connection, when it is made or later."""
BELOW = {"aiokafka.conn", "confluent_kafka", "kafka"}
"""Connections themselves, and other clients."""


def _opened(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), keywords=given):
                found += [called] if called in MADE_THERE else []
                found += [f"{called}({each.arg}=…)" for each in given if each.arg == "bootstrap_servers"]
            case ast.ImportFrom(module=str(module), level=0) if module in BELOW:
                found.append(module)
            case ast.Import(names=imported):
                found += [each.name for each in imported if each.name in BELOW]
            case _:
                pass
    return found


def test_clients_of_kafka_are_made_in_one_place() -> None:
    paths = [path for path in modules("streams", "converters", "deploy") if name(path) != FACTORY]
    found = {name(path): made for path in paths if (made := _opened(ast.parse(path.read_text())))}
    assert found == {f"streams/kafka/{each}.py": ["aiokafka.conn"] for each in ("connection", "keepalive", "rebootstrap")}, f"ask {FACTORY}"


def test_that_place_is_found_by_it() -> None:
    source = "AIOKafkaConsumer(bootstrap_servers='x'); aiokafka.AIOKafkaProducer(); made(bootstrap_servers=1); import confluent_kafka"
    assert len(_opened(ast.parse(source))) == 5
