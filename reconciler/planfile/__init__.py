"""Saves plans without a secret, reads them back, and compares them with now. Start at `saved`."""
