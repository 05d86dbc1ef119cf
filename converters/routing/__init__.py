"""From a stored callback to what it causes: who, to whom, under which key. Never writes; returns what is new."""
