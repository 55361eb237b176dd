"""Keeps a fleet in step: plan, and in mode `apply` write, again and again. Start at `decide`; `loop` drives it."""
