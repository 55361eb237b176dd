"""What a manifest and a project file may hold: checks and JSON Schema. Start at `schema`."""
