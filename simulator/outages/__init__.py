"""Real outages played again: each with its written expectation and a pass or fail."""
