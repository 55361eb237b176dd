"""Layers merged into the desired runners. Start at `compile`."""
