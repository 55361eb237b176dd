"""YAML text to plain dicts, lists and strings that know their place. Start at `read`."""
