"""May this design answer the question."""
