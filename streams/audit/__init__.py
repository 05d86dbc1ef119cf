"""Who has done what to the relay: on the operator's page, and by commands that cannot be taken back."""
