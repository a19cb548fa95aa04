"""The messages that foreign programs know, translated at the edge."""
