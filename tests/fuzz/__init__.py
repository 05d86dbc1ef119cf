"""Bodies that no platform would send, made out of those that they do: nothing may be raised but Malformed."""
