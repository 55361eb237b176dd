"""The front door for code: `Reconciler` plans and applies as the command line does, and leaves the process alone.

It prints nothing, installs no signal handler and keeps no state between calls. Start reading at `Reconciler.plan`.
"""

from __future__ import annotations

from reconciler.engine.reconciler import Reconciler

__all__ = ["Reconciler"]
