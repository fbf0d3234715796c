"""Does it survive? One doubt, one file, one kind of result."""
