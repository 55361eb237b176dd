"""Shows results, text from outside made harmless. Start at `views`; all formats share `escape` and `wording`."""
