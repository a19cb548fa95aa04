"""The bell: Redis wakes workers up, and everything in it may be lost."""
