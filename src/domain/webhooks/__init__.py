"""Telling the company's own programs what happened: to whom, signed how, tried how often."""
