"""Reads manifests and the project file into desired runners. Start at `merge.compile`; `files` finds what is read."""
