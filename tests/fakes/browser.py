"""Headless Chromium for tests, when there is one."""

from __future__ import annotations

import contextlib
import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
REQUIRE = "RECONCILER_REQUIRE_BROWSER"
"""Set in an environment that has to have a browser: then its absence fails instead of being passed over."""


def find_chromium():
    """The browser's path; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def browser_is_required():
    """Whether tests must not be passed over for want of a browser."""
    return bool(os.environ.get(REQUIRE))


@contextlib.contextmanager
def launched():
    """One headless browser; without one the test is skipped, or fails where there has to be one."""
    path = find_chromium()
    if path is None:
        if browser_is_required():
            pytest.fail(f"no Chromium on PATH, and {REQUIRE} is set")
        pytest.skip("no Chromium on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()
