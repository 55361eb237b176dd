"""GitHub: `forge` its comments and issues, `event` the run, `step` a step.

Start at `forge`.
"""
