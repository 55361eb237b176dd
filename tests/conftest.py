"""How Hypothesis runs: with fresh examples by hand, with the same ones every time in CI, where a run is a gate.

No example has a deadline: a busy machine is no fault, and a test that hangs meets the time limit of every test.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("local", **BUSY)
settings.register_profile("ci", derandomize=True, print_blob=True, **BUSY)
settings.load_profile("ci" if os.environ.get("CI") else "local")
