"""An HTTP emulator of Stripe's API, with the payers and banks behind it.

What it does otherwise than Stripe is listed in docs/stripe.md.
"""
