"""Frozen data that every room shares. Nothing here does I/O, and nothing here imports a third-party package."""
