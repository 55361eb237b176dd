"""One step of one action: check, send, compare the answer with what was sent. It never raises."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from reconciler.apply.journal import JournalError
from reconciler.errors import ApiError, ConcurrentEdit, Interrupted, NotFound, Unauthorized, Unverified
from reconciler.model.enums import ActionKind, OutcomeStatus, RunnerStatus
from reconciler.model.fields.spec import RunnerBody
from reconciler.model.report import Failure
from reconciler.planning.diff import compare
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from reconciler.errors import ReconcilerError
    from reconciler.model.plan import Action, Request
    from reconciler.model.runner import LiveRunner
    from reconciler.ports import Journal, RunnerApi, Stop

INTERRUPTED: Final = Failure("interrupted", "the run was interrupted before its turn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of a step: a status of the report, the runner as the service answered it, and why it is not applied.

    `halt` is the reason for which nothing further may be started.
    """

    status: OutcomeStatus
    id: str | None
    runner: LiveRunner | None = None
    error: Failure | None = None
    halt: Failure | None = None


class Writer:
    """Sends the steps of one apply; any thread may use it."""

    def __init__(self, api: RunnerApi, known_ids: Collection[str], stop: Stop, journal: Journal) -> None:
        self._api = api
        self._known_ids = known_ids
        self._stop = stop
        self._journal = journal
        self._numbers = itertools.count(1)
        self._halt: Failure | None = None

    def write(self, action: Action, step: tuple[Request, ...], base: LiveRunner | None) -> Written:
        """Send one step. `base` is the runner as the step before it left it; None for the first step."""
        if self._stop.is_set():
            return Written(status=OutcomeStatus.NOT_ATTEMPTED, id=action.id, error=INTERRUPTED)
        if self._halt is not None:
            return Written(status=OutcomeStatus.NOT_ATTEMPTED, id=action.id, error=self._halt, halt=self._halt)
        try:
            if action.action == ActionKind.CREATE:
                return self._create(action, step)
            return self._replace(action, step[0], base or action.live)
        except Exception as exc:  # noqa: BLE001 - whatever it is, this runner has its outcome and the others go on
            return self._failed(action.id, exc)

    def record(self, event: str, **facts: object) -> Failure | None:
        """Journal one line. Where that fails no further write is sent, also when the journal works again; why."""
        try:
            self._journal.record(event, **facts)
        except JournalError as exc:
            self._halt = self._halt or halted(exc)
            return self._halt
        return None

    def _replace(self, action: Action, request: Request, base: LiveRunner | None) -> Written:
        runner_id = action.id
        if runner_id is None:
            raise ValueError(f"the action for {action.key} names no runner")
        if not action.checks:
            return self._send(action, request, runner_id, lambda: self._api.replace_runner(runner_id, request.body))
        if base is None:
            raise ValueError("a plan read from a file can't be applied as it is")
        with self._api.together():
            try:
                _recheck(base, None, self._api.get_runner(runner_id))
            except NotFound:
                raise ConcurrentEdit("not written: the runner is no longer there; plan again") from None
            if self._stop.is_set():
                return Written(status=OutcomeStatus.NOT_ATTEMPTED, id=runner_id, error=INTERRUPTED)
            recheck = partial(_recheck, base, request.body)
            return self._send(
                action, request, runner_id, lambda: self._api.replace_runner(runner_id, request.body, recheck=recheck)
            )

    def _create(self, action: Action, step: tuple[Request, ...]) -> Written:
        post, *rest = step
        made = self._send(action, post, None, lambda: self._api.create_runner(post.body, self._known_ids))
        if made.runner is None:
            return made
        new_id = made.runner.id
        if not rest:
            return _expect_status(action, made)
        finish = rest[0]
        # The runner is live and must not stay so: this goes out although the run was asked to stop.
        with self._api.finishing():
            done = self._send(
                action, finish, new_id, lambda: self._api.replace_runner(new_id, finish.body), regardless=True
            )
        if done.status == OutcomeStatus.APPLIED:
            return replace(done, halt=done.halt or made.halt)
        code, message = (done.error.code, done.error.message) if done.error else ("unexpected", "no reason is known")
        reason = f"the runner was created as {new_id} and is active, or may be: it could not be disabled: {message}"
        status = OutcomeStatus.UNVERIFIED if done.status == OutcomeStatus.UNVERIFIED else OutcomeStatus.FAILED
        return replace(done, status=status, id=new_id, error=Failure(code, reason), halt=done.halt or made.halt)

    def _send(
        self,
        action: Action,
        request: Request,
        runner_id: str | None,
        call: Callable[[], LiveRunner],
        *,
        regardless: bool = False,
    ) -> Written:
        """One write, its intent and its outcome journaled; `regardless` of whether the journal can be written."""
        facts = {
            "write": next(self._numbers),
            "key": action.key,
            "action": action.action,
            "purpose": request.purpose,
            "method": request.method,
            "path": request.path.replace("{id}", runner_id or "{id}"),
        }
        halt = self._halt or self.record("intent", **facts, fields=[change.field for change in action.changes])
        if halt is not None and not regardless:
            return Written(status=OutcomeStatus.NOT_ATTEMPTED, id=runner_id, error=halt, halt=halt)
        try:
            written = _verified(request.body, call(), runner_id)
        except Exception as exc:  # noqa: BLE001 - see write
            written = self._failed(runner_id, exc)
        error = written.error
        halt = self.record(
            "outcome",
            **facts,
            id=written.id,
            status=written.status,
            error=None if error is None else {"code": error.code, "message": error.message},
        )
        return written if halt is None else replace(written, halt=written.halt or halt)

    def _failed(self, runner_id: str | None, exc: Exception) -> Written:
        match exc:
            case Interrupted():
                return Written(status=OutcomeStatus.NOT_ATTEMPTED, id=runner_id, error=INTERRUPTED)
            case ConcurrentEdit():
                status = OutcomeStatus.STALE
            case Unverified():
                status = OutcomeStatus.UNVERIFIED
            case ApiError():
                status = OutcomeStatus.FAILED
            case _:
                reason = f"unexpected, and it may have been written: {cause_of(exc)}"
                return Written(status=OutcomeStatus.FAILED, id=runner_id, error=Failure("unexpected", reason))
        halt = halted(exc) if isinstance(exc, Unauthorized) else None
        return Written(status=status, id=runner_id, error=Failure(exc.code, str(exc)), halt=halt)


def halted(exc: ReconcilerError) -> Failure:
    """Return why nothing further is started."""
    return Failure(exc.code, f"no further write was started: {exc}")


def _verified(body: RunnerBody, answer: LiveRunner, runner_id: str | None) -> Written:
    """Whether the service took what was sent, by its own answer."""
    if runner_id is not None and answer.id != runner_id:
        reason = f"the service answered with another runner, {answer.id}; plan again to see what it holds"
        return Written(status=OutcomeStatus.UNVERIFIED, id=runner_id, error=Failure("not-taken", reason))
    fields = differing_fields(body, answer)
    if fields:
        reason = f"the service answered, and did not take {fields}; plan again to see what it holds"
        return Written(status=OutcomeStatus.UNVERIFIED, id=answer.id, runner=answer, error=Failure("not-taken", reason))
    return Written(status=OutcomeStatus.APPLIED, id=answer.id, runner=answer)


def _expect_status(action: Action, made: Written) -> Written:
    """A create has no status to send; one that the manifest owns must still be what came."""
    wanted = action.desired.status if action.desired is not None and action.desired.owns("status") else None
    if (
        made.status != OutcomeStatus.APPLIED
        or made.runner is None
        or wanted != RunnerStatus.ACTIVE
        or made.runner.spec.status == RunnerStatus.ACTIVE
    ):
        return made
    reason = f"the runner was created as {made.id}, and its status is {made.runner.spec.status}; plan again"
    return replace(made, status=OutcomeStatus.UNVERIFIED, error=Failure("not-taken", reason))


def differing_fields(body: RunnerBody, runner: LiveRunner) -> str:
    """Name the fields in which a runner is not as in the body; headers with their names, never their values."""
    return ", ".join(change.subject for change in compare(body, runner.spec).changes)


def _recheck(base: LiveRunner, sent: RunnerBody | None, current: LiveRunner) -> None:
    """Raise ConcurrentEdit unless the runner is as it was, or as the body that was `sent` and is to be repeated."""
    fields = differing_fields(RunnerBody(base.spec), current)
    if fields and (sent is None or differing_fields(sent, current)):
        raise ConcurrentEdit(f"not written: another writer changed {fields} since the plan; plan again")
