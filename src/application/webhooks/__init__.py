"""Use cases of webhooks: order deliveries from the feed, carry them out, look after endpoints."""
