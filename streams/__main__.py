"""`python -m streams` is `im-relay`."""

from streams.cli.app import main

main()
