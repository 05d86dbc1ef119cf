"""What somebody might try who may not: an attack a file, named after what it attempts."""
