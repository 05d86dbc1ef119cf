"""The operator's page: the state of the relay, and the few acts of a person on it."""
