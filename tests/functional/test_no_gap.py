"""An apply over HTTP never opens a gap, also when a write fails: every state that the service had is judged."""

from __future__ import annotations

import json
from random import Random

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.faulty import faulty_service, status
from tests.fakes.fleet_simulator import required, servers

TAGS = "abcd"


def draw(chance):
    """Runners that move among a few sets of two tags, one of them disabled now and then."""
    pool = [frozenset(chance.sample(TAGS, 2)) for _ in range(3)]
    before = [chance.choice(pool) for _ in range(chance.randint(3, 6))]
    after = before[1:] + before[:1] if chance.random() < 0.6 else [chance.choice(pool) for _ in before]
    off = chance.randrange(len(before)) if chance.random() < 0.3 else None
    return before, [None if number == off else state for number, state in enumerate(after)]


def live(number, tags):
    """A runner before the apply."""
    return {
        "id": f"550e8400-e29b-41d4-a716-4466554400{number:02d}",
        "name": f"r{number}",
        "endpoint": f"https://r{number}.example.com",
        "tags": sorted(tags),
        "headers": {},
        "status": "active",
    }


def wanted(number, tags, kept):
    """Its entry afterwards; None turns it off and keeps its tags."""
    facts = {
        "endpoint": f"https://r{number}.example.com",
        "tags": sorted(kept if tags is None else tags),
        "headers": {},
        "status": "disabled" if tags is None else "active",
    }
    return f"r{number}", facts


def states(runners):
    """What each runner serves."""
    return [frozenset(each["tags"]) if each["status"] == "active" else None for each in runners]


@pytest.mark.parametrize("failing", [None, 0, 1, 2])
@pytest.mark.parametrize("seed", range(12))
def test_no_state_of_the_service_has_a_gap(tmp_path, seed, failing):
    """What is served before and after is served in every state between, whichever write is refused."""
    before, after = draw(Random(seed))  # noqa: S311 - chance, no secret
    entries = dict(wanted(number, state, before[number]) for number, state in enumerate(after))
    (tmp_path / "runners.yaml").write_text(json.dumps({"version": 1, "runners": entries}))
    needs = required(before, after, TAGS, [])
    seen = []

    def note(request, body):
        if request.method == "PUT":
            seen.append(states(service.runners))
        return body

    faults = {} if failing is None else {"PUT": [*[None] * failing, status(400, "refused by the test")]}
    with faulty_service([live(*each) for each in enumerate(before)], faults, rewrite=note) as service:
        env = {"COMFYCONTROL_API_URL": service.url, "COMFYCONTROL_API_TOKEN": service.token}
        ran = run_cli("apply", "--yes", "runners.yaml", "--format", "json", cwd=tmp_path, env=env)
        refused = failing is not None and service.methods.count("PUT") > failing
        seen.append(states(service.runners))
        assert ran.code == (3 if refused else 0), ran.err
        for state in seen:
            assert not [tags for tags, least in needs if servers(state, tags) < least]
        again = run_cli("apply", "--yes", "runners.yaml", cwd=tmp_path, env=env)
        assert again.code == 0, again.err
        assert "No changes." in run_cli("plan", "runners.yaml", cwd=tmp_path, env=env).out
