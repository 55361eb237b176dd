"""So many probes by the product, each of a runner with a header of its own: `python probes.py URL COUNT`."""

from __future__ import annotations

import sys
import threading

from reconciler.health.prober import Prober
from reconciler.health.targets import Admission
from reconciler.model.health import Health
from reconciler.model.policy import Guard
from reconciler.model.secret import Secret


class Never(threading.Event):
    """Nobody asks to stop."""

    def defer(self) -> None:
        """Nothing to defer."""


url, count = sys.argv[1], int(sys.argv[2])
admission = Admission(Guard(), "/system_stats")
headers = {"Authorization": Secret("Bearer of-the-runner")}
targets = [admission.admit(f"n{number}", f"{url}/n{number}", headers) for number in range(count)]
found = Prober(Never()).ask(targets, timeout_s=5.0)
if [each.health for each in found.values()] != [Health.HEALTHY] * count:
    raise SystemExit("not every runner is healthy")
