"""May this design answer the question? One check, one file; they see only what was known before the start."""
