"""Asks runners' endpoints whether a ComfyUI answers there. Start at `prober`; `targets` says who may be asked."""
