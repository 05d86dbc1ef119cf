"""Local state: what a partition's owner keeps on disk of a topic, so that it can be asked by key."""
