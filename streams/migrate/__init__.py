"""Migration: what was there before the relay, written to the target once, resumable, checked."""
