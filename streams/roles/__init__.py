"""The roles as processes: hosting, health, start and end."""
