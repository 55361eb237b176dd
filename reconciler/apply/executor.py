"""Plan and service in, report out: the writes of a plan, each when its gates allow, a few at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import deque
from typing import TYPE_CHECKING, Final

from reconciler.apply.closing import confirm, unread
from reconciler.apply.gates import Gates, Step
from reconciler.apply.journal import JournalError
from reconciler.apply.workers import Workers
from reconciler.apply.writer import INTERRUPTED, Writer, Written
from reconciler.errors import Interrupted
from reconciler.model.enums import OutcomeStatus, Purpose
from reconciler.model.report import Failure, Outcome, Report
from reconciler.planfile.document import outcome_document, plan_document

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from reconciler.model.plan import Action, Plan, Request
    from reconciler.model.runner import LiveRunner
    from reconciler.ports import Clock, Journal, Progress, RunnerApi, Stop

MAX_PARALLELISM: Final = 8
GRACE_S: Final = 40.0
"""How long answers are awaited after an interrupt: the time to connect and the time to read."""
_LOOK_S: Final = 0.5
"""How often a wait for answers looks whether the run was stopped."""


def execute(
    plan: Plan,
    api: RunnerApi,
    *,
    known_ids: Collection[str],
    clock: Clock,
    stop: Stop,
    progress: Progress,
    journal: Journal,
    parallelism: int,
    verify: bool,
    grace_s: float = GRACE_S,
) -> Report:
    """Apply a plan that was just made; `known_ids` are the ids of every live runner it was made from.

    With `verify` one more list is read after the writes, and what it does not bear out is unverified. Every action gets
    an outcome, whatever happens to the others. Raises JournalError before anything is sent.
    """
    stop.defer()
    facts = _start_facts(plan)
    journal.record("start", **facts)
    with contextlib.suppress(Exception):  # who shows progress may be gone; the writing goes on
        progress.applying(plan)
    run = _Run(plan, Writer(api, known_ids, stop, journal), progress, parallelism)
    run.go(stop, clock, grace_s)
    outcomes = run.finish(interrupted=stop.is_set())
    if verify and not stop.is_set() and any(outcome.status == OutcomeStatus.APPLIED for outcome in outcomes):
        outcomes = _close(plan, outcomes, api, known_ids, journal)
    report = Report(outcomes, api.requests, interrupted=stop.is_set())
    summary = {status: report.count(status) for status in OutcomeStatus}
    with contextlib.suppress(JournalError):  # the report is good, whether or not its journal is
        journal.record("end", plan=facts["plan"], summary=summary, interrupted=report.interrupted)
    return report


def _close(
    plan: Plan, outcomes: tuple[Outcome, ...], api: RunnerApi, known_ids: Collection[str], journal: Journal
) -> tuple[Outcome, ...]:
    """Hold the outcomes against one more list; an interrupt leaves them as they were answered."""
    try:
        confirmed = confirm(plan.actions, outcomes, api.list_runners().runners, known_ids)
    except Interrupted:
        return outcomes
    except Exception as exc:  # noqa: BLE001 - whatever it is, what was written must be reported
        confirmed = unread(outcomes, api.scrubber.scrub(str(exc) or type(exc).__name__))
    with contextlib.suppress(JournalError):  # the report is good, whether or not its journal is
        changed = [now for now, before in zip(confirmed, outcomes, strict=True) if now != before]
        journal.record("verify", changed=[outcome_document(each) for each in changed])
    return confirmed


class _Run:
    """The state of one apply. Only the coordinating thread touches it; the workers see single steps."""

    def __init__(self, plan: Plan, writer: Writer, progress: Progress, parallelism: int) -> None:
        self._actions = plan.actions
        self._writer = writer
        self._progress = progress
        self._steps = [_steps_of(action) for action in plan.actions]
        self._outcomes: list[Outcome | None] = [None] * len(plan.actions)
        self._at = [0] * len(plan.actions)
        self._bases: list[LiveRunner | None] = [None] * len(plan.actions)
        self._in_flight: set[int] = set()
        self._ready: deque[Step] = deque()
        self._halt: Failure | None = None
        self._workers: Workers[Step, Written] = Workers(max(1, min(parallelism, MAX_PARALLELISM)), self._write)
        waits = {
            Step(number, index): tuple(wait for request in step for wait in request.waits)
            for number, steps in enumerate(self._steps)
            for index, step in enumerate(steps)
        }
        self._gates = Gates(plan.gates, [action.key for action in plan.actions], waits)

    def go(self, stop: Stop, clock: Clock, grace_s: float) -> None:
        """Send what may be sent until nothing is left, nothing more may be started, or answers stay away too long."""
        self._doom(self._gates.doomed)
        self._ready.extend(
            Step(number, 0) for number in range(len(self._actions)) if self._gates.is_clear(Step(number, 0))
        )
        deadline: float | None = None
        try:
            while True:
                while self._ready and self._workers.idle and self._halt is None and not stop.is_set():
                    self._start(self._ready.popleft())
                if not self._workers.in_flight:
                    return
                done = self._workers.get(_LOOK_S)
                if done is not None:
                    self._settle(*done)
                elif stop.is_set():
                    deadline = clock.monotonic() + grace_s if deadline is None else deadline
                    if clock.monotonic() >= deadline:
                        return
        finally:
            self._workers.end()

    def finish(self, *, interrupted: bool) -> tuple[Outcome, ...]:
        """Return the outcomes of all actions; those that were not reached get theirs now."""
        halt = INTERRUPTED if interrupted else self._halt
        stuck = Failure("held-back", "held back: it waits for runners that wait for it; plan again")
        for number in range(len(self._actions)):
            if self._outcomes[number] is not None:
                continue
            if number in self._in_flight:
                reason = "interrupted before the answer came: it may have been written; plan again to see"
                self._decide(number, OutcomeStatus.UNVERIFIED, Failure("interrupted", reason))
            else:
                self._leave(number, halt or stuck)
        return tuple(outcome for outcome in self._outcomes if outcome is not None)

    def _write(self, step: Step) -> Written:
        action = self._actions[step.action]
        return self._writer.write(action, self._steps[step.action][step.step], self._bases[step.action])

    def _start(self, step: Step) -> None:
        if self._outcomes[step.action] is None:
            self._in_flight.add(step.action)
            self._workers.put(step)

    def _settle(self, step: Step, written: Written) -> None:
        """Take in what came of a step: let others go on, or hold them back."""
        number = step.action
        self._in_flight.discard(number)
        self._halt = self._halt or written.halt
        if written.status != OutcomeStatus.APPLIED:
            widened = step.step > 0 and written.status != OutcomeStatus.UNVERIFIED
            self._decide(number, OutcomeStatus.WIDENED_ONLY if widened else written.status, written.error, written.id)
            if step.step == 0:
                self._doom(self._gates.lose(self._actions[number].key))
            return
        self._at[number] = step.step + 1
        self._bases[number] = written.runner
        if step.step + 1 == len(self._steps[number]):
            self._decide(number, OutcomeStatus.APPLIED, None, written.id)
        else:
            following = Step(number, step.step + 1)
            if self._gates.is_doomed(following):
                self._leave(number, Failure("held-back", self._gates.reason(following)))
            elif self._gates.is_clear(following):
                self._ready.append(following)
        if step.step == 0:
            # A second step that is cleared before its first is done becomes ready just above, when that is settled.
            self._ready.extend(
                each
                for each in self._gates.serve(self._actions[number].key)
                if each.step == self._at[each.action] and each.action not in self._in_flight
            )

    def _doom(self, doomed: Iterable[Step]) -> None:
        """Give up steps whose gates can't open any more, and whatever waits for those in turn."""
        pending = deque(doomed)
        while pending:
            step = pending.popleft()
            number = step.action
            if self._outcomes[number] is not None or number in self._in_flight:
                continue
            self._leave(number, Failure("held-back", self._gates.reason(step)))
            if self._at[number] == 0:
                pending.extend(self._gates.lose(self._actions[number].key))

    def _leave(self, number: int, reason: Failure) -> None:
        """Give up an action where it is."""
        self._decide(number, OutcomeStatus.WIDENED_ONLY if self._at[number] else OutcomeStatus.NOT_ATTEMPTED, reason)

    def _decide(self, number: int, status: OutcomeStatus, error: Failure | None, runner_id: str | None = None) -> None:
        action = self._actions[number]
        outcome = Outcome(key=action.key, action=action.action, id=runner_id or action.id, status=status, error=error)
        self._outcomes[number] = outcome
        lost = self._writer.record("action", **outcome_document(outcome))
        self._halt = self._halt or lost
        with contextlib.suppress(Exception):  # as above
            self._progress.done(outcome)


def _steps_of(action: Action) -> tuple[tuple[Request, ...], ...]:
    """The requests by step: the PUT that finishes a create goes out with it, every other one waits for its turn."""
    steps: list[tuple[Request, ...]] = []
    for request in action.requests:
        if request.purpose == Purpose.FINISH and steps:
            steps[-1] += (request,)
        else:
            steps.append((request,))
    return tuple(steps)


def _start_facts(plan: Plan) -> dict[str, object]:
    document = plan_document(plan)
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return {
        "plan": hashlib.sha256(canonical.encode()).hexdigest(),
        "api_url": plan.api_url,
        "account": plan.account,
        "environment": plan.environment,
        "sandbox": plan.sandbox,
        "actions": document["summary"],
        "accepted": [
            {"code": each.code, "key": each.key, "accepted_by": each.accepted_by}
            for each in plan.findings
            if each.accepted
        ],
    }
