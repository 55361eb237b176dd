"""Manifests, other people's edits, faults, kills and applies in any order: the same must hold after every step."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.bench import (
    FIELDS,
    FOREIGN,
    FROM_ENV,
    FROM_FILE,
    SECRET_HEADERS,
    STRANGER,
    World,
    by_id,
    live,
    use_virtual_clock,
)
from tests.faults.proxy import proxied
from tests.faults.test_fault_table import FAULTS, SILENT

KEYS = tuple(f"gpu-{number}" for number in range(1, 6))
QUICK = {name: fault for name, fault in FAULTS.items() if fault not in SILENT.values()}
"""A silent service takes real time; the table has it."""


class Killed(BaseException):
    """The process ended between two requests; nothing in it catches this."""


class Fleet(RuleBasedStateMachine):
    """A fleet, its manifest, and a service that anybody may edit."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        root = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, root)
        self.proxy = self.stack.enter_context(proxied([STRANGER]))
        self.world = World(root, self.proxy)
        use_virtual_clock(self.patch, self.world)
        self.wanted = {}
        self.foreign = {}
        self.known = {STRANGER["id"]}

    def teardown(self):
        """Whatever happened: one apply without a fault converges, and then there is nothing to do."""
        try:
            if self.wanted:
                self._converge()
        finally:
            self.stack.close()

    @initialize(names=st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
    def some_are_there(self, names):
        """Some runners of those names are live already, with another's values in what may stay unmanaged."""
        self.proxy.store.add_many(
            live(number, name, tags=["found"], headers={"X-Theirs": FOREIGN}) for number, name in enumerate(names, 1)
        )
        self.known |= {each["id"] for each in self.proxy.runners}

    @rule(
        key=st.sampled_from(KEYS),
        tags=st.none() | st.lists(st.sampled_from(["red", "blue", "gpu-a100"]), unique=True),
        headers=st.booleans(),
        status=st.none() | st.sampled_from(["active", "disabled"]),
    )
    def declare(self, key, tags, headers, status):
        """Somebody edits the manifest: a runner, new or changed, with some fields owned."""
        self.wanted[key] = {"tags": tags, "headers": headers, "status": status}

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def release(self, data):
        """An entry is taken out: its runner becomes unmanaged and stays."""
        del self.wanted[data.draw(st.sampled_from(sorted(self.wanted)))]

    @rule(
        name=st.sampled_from(KEYS),
        change=st.sampled_from(
            [{"tags": ["theirs"]}, {"status": "disabled"}, {"status": "active"}, {"headers": {"X-Theirs": FOREIGN}}]
        ),
    )
    def edit(self, name, change):
        """Somebody edits a live runner in the dashboard, if it is there."""
        self._edit(name, change)

    @precondition(lambda self: self.wanted)
    @rule()
    def apply(self):
        """An apply without a fault."""
        self._converge()

    @precondition(lambda self: self.wanted)
    @rule(
        faults=st.dictionaries(st.integers(1, 9), st.sampled_from(sorted(QUICK)), min_size=1, max_size=4),
        outage=st.none() | st.tuples(st.integers(2, 6), st.sampled_from(sorted(QUICK))),
        parallelism=st.sampled_from(["1", "4"]),
    )
    def apply_under_faults(self, faults, outage, parallelism):
        """An apply that meets faults; in an outage one fault stays."""
        since, name = outage or (1, None)
        met = {number: QUICK[each] for number, each in faults.items()}
        self.proxy.expect(met, always=QUICK.get(name), since=since)
        ran = self._apply("--parallelism", parallelism, "--format", "json")
        assert ran.code in (0, 1, 3), ran.err
        if ran.code == 1:
            assert not self.proxy.writes
        if ran.code == 0:
            self._converged()

    @precondition(lambda self: self.wanted)
    @rule(moment=st.integers(1, 8), processed=st.booleans())
    def apply_and_be_killed(self, moment, processed):
        """An apply whose process is gone after a request: the connection breaks, and nothing follows."""

        def kill(_seen, number):
            if number > moment or (number == moment and not processed):
                raise ConnectionAbortedError

        self.proxy.expect()
        self.proxy.before = kill
        try:
            self._apply("--parallelism", "1")
        finally:
            self.proxy.before = None

    @precondition(lambda self: self.wanted)
    @rule(
        moment=st.integers(2, 6),
        change=st.sampled_from([{"tags": ["theirs"]}, {"status": "disabled"}, {"headers": {"X-Theirs": FOREIGN}}]),
        name=st.sampled_from(KEYS),
    )
    def apply_while_somebody_edits(self, moment, change, name):
        """An apply, and an edit just before one of its reads arrives."""

        def edit(seen, number):
            if number == moment and not seen.writes:
                self._edit(name, change)

        self.proxy.expect()
        self.proxy.before = edit
        try:
            ran = self._apply("--parallelism", "1", "--format", "json", others_edit=True)
        finally:
            self.proxy.before = None
        assert ran.code in (0, 3), ran.err

    @invariant()
    def nothing_is_lost_or_doubled(self):
        """Every runner that was there is there, each name once, and the stranger's is untouched."""
        runners = self.proxy.runners
        names = [each["name"] for each in runners]
        assert len(names) == len(set(names)), names
        ids = {each["id"] for each in runners}
        assert ids >= self.known
        self.known = ids
        stranger = next(each for each in runners if each["id"] == STRANGER["id"])
        assert {name: stranger[name] for name in FIELDS} == {name: STRANGER[name] for name in FIELDS}

    @invariant()
    def no_secret_shows(self):
        """In nothing that was printed or written so far."""
        assert not self.world.leaks()
        self.world.texts.clear()

    def _edit(self, name, change):
        for each in self.proxy.runners:
            if each["name"] == name:
                self.proxy.store.update(each["id"], change)

    def _write(self):
        self.proxy.knows = (FROM_ENV, FROM_FILE)
        runners = self.world.root / "runners"
        runners.mkdir(exist_ok=True)
        (runners / "secret.txt").write_text("file-secret-99887766554433221100\n")
        (self.world.root / "reconciler.yaml").write_text(
            "version: 1\nguard: {severity: {no-active-runner: warning, wildcard-runner: warning}}\n"
        )
        if not any(fields["headers"] for fields in self.wanted.values()):
            self.proxy.knows = ()
        lines = []
        for key, fields in sorted(self.wanted.items()):
            parts = [f"endpoint: 'https://{key}.example.com'"]
            parts += [f"tags: [{', '.join(fields['tags'])}]"] if fields["tags"] is not None else []
            parts += [f"headers: {SECRET_HEADERS}"] if fields["headers"] else []
            parts += [f"status: {fields['status']}"] if fields["status"] else []
            lines.append(f"  {key}: {{{', '.join(parts)}}}\n")
        (runners / "fleet.yaml").write_text("version: 1\nrunners:\n" + "".join(lines))

    def _apply(self, *arguments, others_edit=False):
        """An apply; what it must not touch is compared with what was before, where nobody else edits meanwhile."""
        self._write()
        before = by_id(self.proxy.runners)
        ran = self.world.run("apply", "--yes", "--journal", "journal.ndjson", *arguments)
        assert "Traceback" not in ran.err
        self.proxy.land()
        if not others_edit:
            now = by_id(self.proxy.runners)
            for each, old in before.items():
                owned = self.wanted.get(old["name"])
                for name in FIELDS:
                    if owned is None or (name in ("tags", "status") and owned[name] is None):
                        assert now[each][name] == old[name], f"{old['name']}.{name} is not the manifest's"
                if owned is None or not owned["headers"]:
                    assert now[each]["headers"] == old["headers"]
        return ran

    def _converge(self):
        self.proxy.expect()
        ran = self._apply()
        assert ran.code == 0, ran.err + ran.out
        self._converged()

    def _converged(self):
        self.proxy.expect()
        ran = self.world.run("plan", "--detailed-exitcode")
        assert ran.code == 0, ran.out
        assert {each["name"] for each in self.proxy.runners} >= set(self.wanted)


ORDER = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def test_any_order():
    """A moderate run."""
    run_state_machine_as_test(Fleet, settings=settings(ORDER, max_examples=40, stateful_step_count=15))


@pytest.mark.long
def test_any_order_at_length():
    """A long one."""
    run_state_machine_as_test(Fleet, settings=settings(ORDER, max_examples=600, stateful_step_count=30))
