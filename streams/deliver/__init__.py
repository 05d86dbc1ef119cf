"""Delivery: each conversation in order, many at once, every end written to the ledger with the offset that it settles."""
