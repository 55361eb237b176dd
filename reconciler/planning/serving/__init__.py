"""What a fleet serves: tag sets, how many runners serve each, and what becomes of them. Start at `states`."""
