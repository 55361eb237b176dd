"""One file a command: parse, one call, echo, exit code."""
