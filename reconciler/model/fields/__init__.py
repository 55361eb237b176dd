"""The fields of a runner: their kinds, the one table of them, and what they hold. Start at `table`."""
