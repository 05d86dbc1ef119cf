"""A worker that never comes up."""

raise SystemExit(1)
