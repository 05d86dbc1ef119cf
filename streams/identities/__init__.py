"""The table of identities: follows its topic, lies on disk."""
