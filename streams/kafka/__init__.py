"""The broker side: connections and how they find the cluster again, a local node without Docker, the topics, and their upkeep."""

from streams.kafka import bootstrap, connections

connections.install()
bootstrap.install()
