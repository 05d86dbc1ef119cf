"""A local Kafka node, without Docker and without an installed Java."""
