"""Real processes, killed and hindered at random moments, and the account of every press."""
