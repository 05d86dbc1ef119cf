"""The broker side: a local node without Docker, the topics, and their upkeep."""
