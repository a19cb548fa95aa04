"""What the company's day was worth: sums, the dearest task and who is in the red, from facts."""
