"""Telling people of their money: by mail, once each, never in the way of the money itself."""
