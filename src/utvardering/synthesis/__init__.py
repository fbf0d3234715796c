"""What may be said? The verdict, its certainty and the strength of the design, by fixed rules."""
