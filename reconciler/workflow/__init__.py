"""The use cases. Each is one function over a `Selection` (what to read) and `Ports` (how to reach the outside)."""
