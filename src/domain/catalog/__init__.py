"""What is sold: plans, their features and their prices."""
