"""Was the measure carried out? The dose planned against the dose delivered."""
