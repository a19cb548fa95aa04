"""What people are told of their money, once each, and how long somebody tries to tell them."""
