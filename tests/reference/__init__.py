"""Published and peer-computed numbers."""
