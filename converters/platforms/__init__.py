"""One package for each platform; none imports another."""
