"""The canonical vocabulary: what a chat platform says, as plain data."""
