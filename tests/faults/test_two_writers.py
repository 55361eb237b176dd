"""Two applies at once on one account, each with a token of its own: nothing is created twice."""

from __future__ import annotations

import threading

import pytest

from tests.faults.bench import World, live
from tests.faults.proxy import TOKEN, proxied

OTHER = "cfc_fedcba9876543210_other_token"
NAMES = [f"gpu-{number}" for number in range(8)]
MANIFEST = "version: 1\nrunners:\n" + "".join(
    f"  {name}: {{endpoint: 'https://{name}.example.com', tags: [gpu], headers: {{}}, status: active}}\n"
    for name in NAMES
)


@pytest.mark.parametrize("before", [(), (live(1, "another"),)], ids=["empty account", "one runner"])
def test_two_tokens_of_one_account_create_each_runner_once(tmp_path, before):
    """Both read before either writes: one creates all, the other waits, reads again and has no changes."""
    with proxied(before, tokens=(TOKEN, OTHER)) as proxy:
        world = World(tmp_path, proxy)
        (tmp_path / "runners").mkdir()
        (tmp_path / "runners" / "fleet.yaml").write_text(MANIFEST)
        both = threading.Barrier(2, timeout=30)
        met = []

        def wait_for_both(seen, _number):
            token = seen.headers["authorization"]
            if (seen.method, seen.path) == ("GET", "/v1/runner") and token not in met:
                met.append(token)
                both.wait()

        proxy.before = wait_for_both
        command = ("apply", "--yes", "--format", "json", "--lock-timeout", "60")
        started = [world.start(*command, env={"COMFYCONTROL_API_TOKEN": token}) for token in (TOKEN, OTHER)]
        ran = [world.finish(each) for each in started]
        assert [each.code for each in ran] == [0, 0], [each.err for each in ran]
        assert sorted(each["name"] for each in proxy.runners) == sorted([*NAMES, *(each["name"] for each in before)])
        assert sorted(each.json["summary"]["applied"] for each in ran) == [0, 8]
        assert sum(each.method == "POST" for each in proxy.seen) == 8
