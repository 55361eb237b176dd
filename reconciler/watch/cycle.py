"""One cycle: take the source, read, plan once, decide, write, and say what happened. Nothing here waits.

Problems of the source or of the service end the cycle and not the watch: they are in the state that comes out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import ApiError, Interrupted, LockTimeout, ManifestError, ReconcilerError, UsageProblem
from reconciler.manifests.git_process import GitProblem
from reconciler.model.runner import Listing
from reconciler.model.secret import Secret
from reconciler.model.watching import Mode, Overrides, Watching
from reconciler.watch import decide
from reconciler.watch.connection import Connection
from reconciler.watch.happened import Happened, not_applied, refusals
from reconciler.watch.state import State, Trouble
from reconciler.watch.status import CycleResult
from reconciler.watch.writer_locks import WriterLocks
from reconciler.workflow.apply import Writing, write_plan
from reconciler.workflow.plan import plan_for, warn_of_unmatched
from reconciler.workflow.run import hide, load_and_compile, policy_of, read_runners

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.manifests.project import Project
    from reconciler.model.plan import Plan
    from reconciler.model.position import Problem
    from reconciler.model.runner import Desired
    from reconciler.ports import RunnerReader
    from reconciler.settings import Settings
    from reconciler.watch.endpoints import Endpoints
    from reconciler.watch.sources.source import Source
    from reconciler.workflow.run import Ports, Selection

MANIFESTS: Final = "manifests"
SETTINGS: Final = "settings"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class InForce:
    """What was compiled last without a problem, and what it is called."""

    selection: Selection
    project: Project
    desired: Desired
    revision: str


class Cycle:
    """Runs cycles; between them it keeps the connection, the locks and the last good revision.

    `begun` is called in each cycle that has what it takes to begin, a token first of all, before it reads.
    """

    def __init__(
        self, source: Source, overrides: Overrides, writing: Writing, endpoints: Endpoints, *, key: bytes
    ) -> None:
        self.endpoints = endpoints
        self._source = source
        self._overrides = overrides
        self._writing = writing
        self._key = key
        self._account: str | None = None
        self.connection = Connection()
        self.locks = WriterLocks()
        self.in_force: InForce | None = None
        self.listing: Listing | None = None
        self.troubles: dict[str, str] = {}
        self.has_read = False
        self._errors: dict[str, ReconcilerError] = {}
        self.begun: Callable[[], None] = lambda: None

    def run(self, state: State, ports: Ports) -> tuple[Happened, State]:
        """Run one cycle. Raises Interrupted; and UsageProblem where there is nothing in force to go on with."""
        state = self.take_source(state, ports)
        if self.in_force is None:
            kind, reason = next(iter(self.troubles.items()))
            return Happened(CycleResult.ERROR, reason, error=self._errors.get(kind)), state
        watching = self.watching()
        try:
            settings = ports.settings(self.in_force.project)
            self.begun()
            self.troubles.pop(SETTINGS, None)
            plan, listing, reader = self._plan(settings, watching, ports)
        except LockTimeout as locked:
            return Happened(None, f"another writer holds the account: {locked.holder}", waits=locked.holder), state
        except Interrupted:
            raise
        except ReconcilerError as error:
            if isinstance(error, UsageProblem) and not self.has_read:
                raise
            kind, state = self._unread(error, state, ports)
            return Happened(CycleResult.ERROR, self._report(kind, error), error=error), state
        self.has_read = True
        for kind in (Trouble.READS, "plan"):
            self.troubles.pop(kind, None)
        state = decide.contest(state, plan, by_health=self.endpoints.auto)
        left = self._plan_from(settings, listing, ports, state.contested) if state.contested else plan
        decision, state = decide.judge(
            state, left, ports.clock.monotonic(), mode=watching.mode, suspended=watching.suspend
        )
        if decision is not decide.PAUSED:
            self.troubles.pop(Trouble.WRITES, None)
        self.troubles.pop(REFUSED, None)
        if isinstance(decision, decide.Idle):
            if decision is decide.REFUSED:
                self.troubles[REFUSED] = reader.scrubber.scrub(refusals(left))
            reason = self.troubles.get(REFUSED) or decision.reason
            return Happened(decision.result, reason, plan=plan), state
        return self._write(left, plan, listing, settings, ports, state)

    def take_source(self, state: State, ports: Ports) -> State:
        """Compile what the source has now; where that fails, what was in force stays so."""
        if not decide.may_look(state, ports.clock.monotonic()):
            return state
        try:
            with self._source.open() as selection:
                project, desired = load_and_compile(selection, ports, secrets=ports.secrets)
        except GitProblem as problem:
            self._report(Trouble.GIT, problem)
            return decide.failed(state, Trouble.GIT, ports.clock.monotonic())
        except ReconcilerError as problem:
            if isinstance(problem, Interrupted) or (self.in_force is None and not isinstance(problem, ManifestError)):
                raise
            self._report(MANIFESTS, problem)
            return self.reached(state)
        self._source.note(project)
        self.troubles.pop(MANIFESTS, None)
        content = self._content(desired)
        revision = self._source.revision or f"content {desired.digest[:12]}"
        self.in_force = InForce(selection, project, desired, revision)
        return decide.revise(self.reached(state), f"{revision} {content}")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with manifests at the moment, each by itself; unlike `troubles` these are not scrubbed."""
        errors = (self._errors.get(kind) for kind in self.troubles)
        return tuple(problem for error in errors if isinstance(error, ManifestError) for problem in error.problems)

    def reached(self, state: State) -> State:
        """Return the state after the source was reached."""
        self.troubles.pop(Trouble.GIT, None)
        return decide.works(state, Trouble.GIT)

    def watching(self) -> Watching:
        """Return how to watch now; before anything was in force, what the flags say."""
        return self._overrides.over(Watching() if self.in_force is None else self.in_force.project.watching)

    def close(self) -> None:
        """Let others write, and leave nothing open."""
        self.locks.release()
        self.connection.close()
        self._source.close()

    def _plan(self, settings: Settings, watching: Watching, ports: Ports) -> tuple[Plan, Listing, RunnerReader]:
        """The plan of the whole account, from one read; in mode apply under the locks of the one writer."""
        assert self.in_force is not None  # noqa: S101 - see run
        applies = watching.mode is Mode.APPLY
        if applies:
            if self.locks.hold_token(settings, ports):
                self._account = None  # whose this token is, the read says
        else:
            self.locks.release()
        reader = self.connection.reader(settings, ports, writes=applies and not watching.suspend)
        hide(self.in_force.desired, reader)
        if applies and not self.locks.held and self._account is not None:  # waited for: nothing is read until then
            self.locks.hold_account(settings, ports, reader, Listing((), "", 0, owner=self._account))
        listing = read_runners(reader, self.in_force.selection, self.in_force.project)
        self._account = listing.account
        if applies and self.locks.hold_account(settings, ports, reader, listing):
            listing = read_runners(reader, self.in_force.selection, self.in_force.project)
        self.listing = listing
        selection, project = self.in_force.selection, self.in_force.project
        self.endpoints.ask(self.in_force.desired, listing, policy_of(selection, project, ports), project)
        plan = self._plan_from(settings, listing, ports, frozenset())
        if not self.has_read:  # what is accepted comes and goes: said once, of the first plan
            warn_of_unmatched(selection, ports, plan)
        return plan, listing, reader

    def _plan_from(self, settings: Settings, listing: Listing, ports: Ports, skipped: frozenset[str]) -> Plan:
        assert self.in_force is not None  # noqa: S101 - see run
        selection, project, desired = self.in_force.selection, self.in_force.project, self.in_force.desired
        return plan_for(
            selection,
            ports,
            project,
            settings,
            desired,
            listing,
            verify=self._writing.verify,
            skipped=skipped | self.endpoints.held,
            health=self.endpoints.deciding,
        )

    def _write(
        self, left: Plan, plan: Plan, listing: Listing, settings: Settings, ports: Ports, state: State
    ) -> tuple[Happened, State]:
        writer = self.connection.writer
        assert writer is not None  # noqa: S101 - the decision to write is made in mode apply only, not suspended
        now = ports.clock.monotonic
        try:
            report = write_plan(left, listing, writer, settings, ports, self._writing)
        except ReconcilerError as error:  # the journal's: nothing was sent
            reason = self._report(Trouble.WRITES, error)
            return Happened(CycleResult.FAILED, reason, plan=plan), decide.failed(state, Trouble.WRITES, now())
        finally:
            ports.stop.resume()
        state = decide.settle(state, left, report, now(), by_health=self.endpoints.auto)
        if report.exit_code == 0:
            return Happened(CycleResult.APPLIED, f"{len(report.outcomes)} written", plan=plan, report=report), state
        self.troubles[Trouble.WRITES] = writer.scrubber.scrub(not_applied(report))
        return Happened(CycleResult.FAILED, self.troubles[Trouble.WRITES], plan=plan, report=report), state

    def _unread(self, error: ReconcilerError, state: State, ports: Ports) -> tuple[str, State]:
        if isinstance(error, ApiError):
            return Trouble.READS, decide.failed(state, Trouble.READS, ports.clock.monotonic())
        if isinstance(error, ManifestError):
            return "plan", state
        return SETTINGS, state

    def _report(self, kind: str, error: ReconcilerError) -> str:
        self._errors[kind] = error
        self.troubles[kind] = self.connection.scrub(str(error))
        return self.troubles[kind]

    def _content(self, desired: Desired) -> str:
        """Identify a desired state, its secrets included: a rotated one is no other writer's doing."""
        found = hashlib.sha256(desired.digest.encode())
        for runner in desired.runners:
            for name, value in (runner.headers or {}).items():
                secret = value.fingerprint(self._key, name.encode()) if isinstance(value, Secret) else str(value)
                found.update(f"{runner.key}\0{name}\0{secret}\0".encode(errors="surrogatepass"))
        return found.hexdigest()[:16]
