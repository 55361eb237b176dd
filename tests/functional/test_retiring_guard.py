"""`unmanaged: disable` retires one runner a run, unless the project file says how many."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli

RUNNER = "  {0}: {{endpoint: 'https://{0}.example.com', tags: [gpu]}}\n"


def manifest(*keys):
    """A manifest of these runners."""
    return "version: 1\nrunners:\n" + "".join(RUNNER.format(key) for key in keys)


@pytest.mark.parametrize(("left", "guard", "code"), [(1, "", 0), (2, "", 5), (2, "guard: {max_disables: 2}\n", 0)])
def test_one_runner_is_retired_unless_a_guard_is_set(tmp_path, left, guard, code):
    """Two runners that no entry matches any more are too many by default; the message counts them."""
    (tmp_path / "runners").mkdir()
    file = tmp_path / "runners" / "a.yaml"
    file.write_text(manifest("keep", *(f"gone-{number}" for number in range(left))))
    assert run_cli("apply", "--yes", "--sandbox", "s.db", cwd=tmp_path).code == 0
    file.write_text(manifest("keep"))
    (tmp_path / "reconciler.yaml").write_text(f"version: 1\nunmanaged: disable\nunmanaged_scope: [gone-*]\n{guard}")
    ran = run_cli("plan", "--sandbox", "s.db", cwd=tmp_path)
    assert ran.code == code
    assert ("too many disables: 2 stop being active, the guard allows 1;" in " ".join(ran.out.split())) is (code == 5)
