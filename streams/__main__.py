"""`python -m streams` is `im-relay`."""

from streams.cli.main import main

main()
