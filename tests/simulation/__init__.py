"""How often is a test wrong where nothing happened."""
