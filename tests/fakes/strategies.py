"""Arbitrary fleets under Hypothesis: live runners, and entries that match, adopt, rename or create."""

from __future__ import annotations

import hypothesis.strategies as st

from reconciler.model.position import Position
from reconciler.model.secret import Secret
from tests.fakes.runners import make_desired, make_live
from tests.fakes.small_plans import runner_id

tag_tuples = st.lists(st.sampled_from(["gpu", "sdxl", "flux", "video", "Gpu"]), max_size=4, unique=True).map(tuple)
"""Tags as a manifest writes them: each once."""

endpoints = st.sampled_from(
    [
        "https://8.8.8.1:8188",
        "HTTPS://8.8.8.1:8188/",
        "https://comfy.example.com",
        "https://COMFY.example.com:443/",
        "https://comfy.example.com/a",
        "http://[FE80::1]:8188",
    ]
)
secrets = st.sampled_from(["Bearer one", "Bearer two", "changeme"]).map(Secret)
header_values = st.one_of(secrets, st.sampled_from(["a100", "h100"]))


@st.composite
def header_maps(draw):
    """Headers as a manifest may hold them: no two names that differ only in case."""
    names = draw(st.lists(st.sampled_from(["Authorization", "X-Pool", "X-Key"]), max_size=3, unique=True))
    return {draw(st.sampled_from([name, name.lower(), name.upper()])): draw(header_values) for name in names}


@st.composite
def live_runners(draw, number):
    """One live runner, of an unknown status now and then; its name is nobody else's."""
    return make_live(
        id=runner_id(number),
        name=f"live-{number}",
        endpoint=draw(endpoints),
        headers=draw(header_maps()),
        tags=draw(tag_tuples),
        status=draw(st.sampled_from(["active", "active", "disabled", "paused"])),
        updated_at="2026-01-01T00:00:00Z",
    )


@st.composite
def live_fleets(draw, max_size=6):
    """Live runners in any order."""
    count = draw(st.integers(0, max_size))
    return draw(st.permutations([draw(live_runners(number)) for number in range(count)]))


@st.composite
def entries(draw, number, live=None):
    """An entry for a live runner, by id, name or former name, or one that creates; fields owned or not."""
    known = {"key": f"key-{number}", "at": Position("runners.yaml", number + 1, 3), "name": f"wanted-{number}"}
    if live is not None:
        by = draw(st.sampled_from(["id", "name", "former_name"]))
        known["name"] = draw(st.sampled_from([live.spec.name, known["name"]])) if by == "id" else known["name"]
        known |= {
            "id": {"id": live.id},
            "name": {"name": live.spec.name},
            "former_name": {"former_name": live.spec.name},
        }[by]
    return make_desired(
        **known,
        endpoint=draw(endpoints),
        headers=draw(st.none() | header_maps()),
        tags=draw(st.none() | tag_tuples),
        status=draw(st.sampled_from([None, "active", "disabled", "auto"])),
        unmanaged=draw(st.frozensets(st.sampled_from(["name", "endpoint", "headers", "tags", "status"]), max_size=2)),
        wildcard=draw(st.booleans()),
    )


@st.composite
def desired_and_live(draw, max_size=6):
    """Entries and the live runners they meet; some live runners have no entry, some entries no live runner."""
    lives = draw(live_fleets(max_size))
    wanted = [draw(entries(number, live)) for number, live in enumerate(lives) if draw(st.booleans())]
    wanted += [draw(entries(100 + number)) for number in range(draw(st.integers(0, 3)))]
    return draw(st.permutations(wanted)), lives
