"""The step of GitHub Actions that a command runs in, if it does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.forge.github.step import Step


def current_step() -> Step | None:
    """The step to report to; its annotations go to stderr, since stdout holds the result. None outside of Actions."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return None
    from reconciler.cli.pipes import note
    from reconciler.forge.github.step import Step

    return Step.of(os.environ, note)
