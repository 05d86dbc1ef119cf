"""`python -m streams` is `im-relay`."""

from streams.cli import main

main()
