"""References to secrets, which of them are allowed, and their values. Start at `references`."""
