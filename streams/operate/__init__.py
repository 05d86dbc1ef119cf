"""What a person asks of a running relay: where a message is, what lies among the dead letters, what to send once more."""
