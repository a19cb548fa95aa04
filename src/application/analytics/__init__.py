"""Use cases of analytics: read the feed of events into sums, and build them anew."""
