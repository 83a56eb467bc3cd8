"""What the journal proves and shows to others: evidence about one alarm, and the norms report."""
