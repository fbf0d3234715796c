"""Tests of the causal model: identification, refutation and independencies."""
