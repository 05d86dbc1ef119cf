"""Text that the relay writes or adds: fallbacks, notices, and the echo mark."""
