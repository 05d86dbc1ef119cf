"""Files on their way: fetched from where a stranger says they lie, checked, made into what the target shows, and put there."""
