"""Subscriptions of phone numbers: intake, checks, lists, callbacks, SMS and pixels."""
