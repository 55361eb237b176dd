"""GitHub: `forge` its comments and issues, `rest` the client, `event` the run, `step` a step.

Start at `forge`.
"""
