"""Writes a plan: workers, gates between writes, journal, lock. Start at `executor`."""
