"""HTTP from outside: bounded connections, requests and answers."""
