"""How often is each estimator wrong, with each inference, on designs that municipalities have? `docs/methods/coverage.csv`."""
