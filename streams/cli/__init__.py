"""`im-relay`: one module for each command."""
