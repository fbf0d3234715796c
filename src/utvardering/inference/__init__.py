"""How sure can one be? Placebo re-assignments, cluster-robust variances and predicted unit noise, as functions on arrays."""
