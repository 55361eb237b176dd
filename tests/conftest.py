"""How Hypothesis runs: with fresh examples by hand, with the same ones every time in CI, where a run is a gate."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
