"""Headless Chromium for tests, when there is one."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
REQUIRE = "RECONCILER_REQUIRE_BROWSER"
"""Set in an environment that has to have a browser: then its absence fails instead of being passed over."""


def find_chromium():
    """The browser's path; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def browser_is_required():
    """Whether tests must not be passed over for want of a browser."""
    return bool(os.environ.get(REQUIRE))
