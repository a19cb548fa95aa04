"""The one lifecycle of every subscription, and when it is charged again."""
