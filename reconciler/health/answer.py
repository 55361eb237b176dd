"""Recognises a ComfyUI's answer among everything else that answers 200. Pure.

Source: ComfyUI's `GET /system_stats`. A login proxy answers 200 with HTML, so only the JSON proves a ComfyUI. What it
holds can be private (`system.argv`): it is looked at and dropped, never shown.
"""

from __future__ import annotations

import json
from typing import Final

MAX_ANSWER: Final = 64 * 1024
"""Bytes of a body; a real one has about 700."""


def why_not_comfyui(status: int, body: bytes) -> str | None:
    """None for the answer of a ComfyUI, else what is wrong with it, in words of ours."""
    if status != 200:  # noqa: PLR2004 - RFC 9110, 15.3.1
        return f"it answers {status}"
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return "it answers 200, but not with JSON: a login page or another service may be in front of it"
    system = data.get("system") if isinstance(data, dict) else None
    version = system.get("comfyui_version") if isinstance(system, dict) else None
    if not isinstance(version, str) or not version or not isinstance(data.get("devices"), list):
        return "it answers 200 with JSON that is no ComfyUI's: system.comfyui_version or devices is missing"
    return None
