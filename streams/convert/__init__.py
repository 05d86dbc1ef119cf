"""Convert and route: callbacks become deliveries, echoes and dead letters, in one transaction with their offsets."""
