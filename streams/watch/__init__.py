"""The watcher: backlogs, dead letters and owners, read from Kafka by a process that does not do the work."""
