"""Dead letters, the limit on them, and the order to go on."""
