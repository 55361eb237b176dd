"""Adapters that the command line and embedders share: clock, signals, progress, logs."""
