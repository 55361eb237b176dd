"""Keeps runners that are Kubernetes resources in step: `watch` with another source. Start at `resources`."""
