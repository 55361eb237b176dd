"""Arranges writes so that no served tag set has a gap. Start at `arrange`; README.md here explains the words."""
