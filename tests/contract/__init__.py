"""What every estimator promises."""
