"""The vendors' own server SDKs as clients of the simulators.

``make test-sdks`` installs them as ``locks/`` pins them, into ``.sdks/``, has each do what the relay and a migration ask of its platform, and writes what
came of it to ``results.json`` and docs/sdks.md. Needs package registries, Node, a JDK and Maven; the tests of ``make test`` need none of them.
"""
