"""Calls to platforms: quotas, breakers, connections, retries. Used by deliver, media, gaps and commands."""
