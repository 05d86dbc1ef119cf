"""What a process tells: metrics, log lines, lag."""
