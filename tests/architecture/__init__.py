"""Which layer may know of which."""
