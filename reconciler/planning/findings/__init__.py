"""Rules that look at a plan and raise findings. Start at `severity`."""
