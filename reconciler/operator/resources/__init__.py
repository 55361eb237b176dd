"""Account and Runner resources: what they hold, and how the engine reads them. Pure; start at `resource`."""
