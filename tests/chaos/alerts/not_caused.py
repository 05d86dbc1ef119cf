"""Alerts that no fault of this command causes: their series come from `promtool test rules` alone."""

NOT_CAUSED = {
    "ImRelayMediaForbiddenCall": "a file must break into its reader: none is known that does",
    "ImRelayRestoreStuck": "a ledger must be read back for more than ten minutes and stand meanwhile: here it takes seconds",
}
"""By alert, why."""
NOT_MEASURED: frozenset[str] = frozenset()
"""They have a fault, and no run with `--record` has seen them from it to their end yet: to be empty."""
