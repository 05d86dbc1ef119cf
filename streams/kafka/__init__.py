"""The broker side: clients and how they find the cluster again, a local node without Docker, the topics, and their upkeep."""
