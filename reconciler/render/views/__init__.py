"""One view a result: plan, report, runners, checks and so on. Start at `plan`."""
