"""Captchas: images drawn here, and Google's reCAPTCHA."""
