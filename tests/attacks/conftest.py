"""What the attacks are tried on: the workers of the delivery's own tests."""

from tests.deliver.conftest import bob, directory, late_port, target, worker

__all__ = ["bob", "directory", "late_port", "target", "worker"]
