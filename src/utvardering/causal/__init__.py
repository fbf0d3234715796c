"""What follows from what is believed to cause what? Identification, refutation and tests of a causal graph."""
