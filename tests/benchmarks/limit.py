"""The service's limit, the least that requests take under it, and what a limited server saw."""

from __future__ import annotations

import json
import urllib.request

LIMIT = (40, 10.0)
LATE_S = 0.5


def floor_s(requests):
    """Whole windows that must pass before the last request may arrive."""
    return (requests - 1) // LIMIT[0] * LIMIT[1]


def judged(url):
    """From the first arrival to the last, in seconds, and what the server judged, in words."""
    with urllib.request.urlopen(f"{url}/tally") as answer:
        seen = json.load(answer)
    note = f"{seen['requests']} requests, at most {seen['most']} in any window, {seen['refused']} refused"
    return seen["last"] - seen["first"], note
