"""The tree of errors, and the exit code of each. Rooms add leaves of their own that no other room raises.

ReconcilerError                 1
├── UsageProblem               64  options that contradict each other
├── ManifestError               1  manifests or project file, every problem of every file
├── ApiError                    1  the service refused or did not answer as documented
│   ├── Unauthorized                 401
│   ├── Forbidden                    403: tier limit, missing right
│   ├── NotFound                     404: not there, or not ours
│   ├── Rejected                     400 and any other refusal that repeats itself
│   ├── RateLimited                  429, still after all retries
│   ├── Unreachable                  no connection, no answer in time, 5xx after all retries
│   ├── BadAnswer                    truncated, not JSON, or of a wrong shape
│   ├── UnstableList                 pages that never added up
│   ├── Unverified                   a write that may or may not have happened
│   ├── AmbiguousCreate              a create that matches several new runners
│   └── ConcurrentEdit               a runner that another writer changed before it was written
├── FileError                   1  a file that can't be read or written
├── PlanFileError               1  damaged, edited, or of another major format
├── LockTimeout                 1  another apply on this machine holds the account
├── StalePlan                   4  live state or manifests have changed since the plan
├── GuardRefused                5  a finding of severity error that is not accepted
└── Interrupted               130  SIGINT or SIGTERM

Each error carries its facts as attributes; its text says what, where and what to do. No error carries a secret's value.
The command line gives each its exit code, an embedder catches what it can act on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.plan import Plan
    from reconciler.model.position import Problem


class ReconcilerError(Exception):
    """The root: a message for people, a stable `code` for scripts, the process's `exit_code`."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1


class UsageProblem(ReconcilerError):
    """Options or arguments that do not go together."""

    code = "usage"
    exit_code = 64


class ManifestError(ReconcilerError):
    """Every problem of every manifest and of the project file, sorted by place."""

    code = "manifest"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ApiError(ReconcilerError):
    """The service refused, or did not answer as documented. `status` is the HTTP status where there was one."""

    code = "api"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class Unauthorized(ApiError):
    """401: the token is missing, invalid, expired or revoked."""

    code = "unauthorized"


class Forbidden(ApiError):
    """403: the tier's limit, or a right that the token lacks."""

    code = "forbidden"


class NotFound(ApiError):
    """404: there is no such runner, or it belongs to another account."""

    code = "not-found"


class Rejected(ApiError):
    """400, or any other answer that says no and would say it again."""

    code = "rejected"


class RateLimited(ApiError):
    """429 on every attempt."""

    code = "rate-limited"


class Unreachable(ApiError):
    """No connection, no answer in time, or 5xx on every attempt."""

    code = "unreachable"


class BadAnswer(ApiError):
    """A 2xx that is truncated, no JSON, or of a wrong shape; the message names the path within it."""

    code = "bad-answer"


class UnstableList(ApiError):
    """The pages of a list never added up to its total: nothing may be inferred from it."""

    code = "unstable-list"


class Unverified(ApiError):
    """A write whose outcome is unknown: it may have happened, or may still happen."""

    code = "unverified"


class AmbiguousCreate(Unverified):
    """After a create without an answer, several new runners carry its name and endpoint (`ids`)."""

    code = "duplicate"

    def __init__(self, message: str, *, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(message)


class ConcurrentEdit(ApiError):
    """Another writer changed the runner since it was read, so it was not written."""

    code = "stale"


class FileError(ReconcilerError):
    """A file that can't be read or written."""

    code = "file"


class PlanFileError(ReconcilerError):
    """A plan file that is damaged, was edited, or has another major format."""

    code = "plan-file"


class LockTimeout(ReconcilerError):
    """Another apply, or a watch, against the same account is still running on this machine: `holder` says whose."""

    code = "locked"

    def __init__(self, message: str, *, holder: str = "") -> None:
        self.holder = holder
        super().__init__(message)


class StalePlan(ReconcilerError):
    """The plan that was saved or shown is no longer the plan; nothing was written.

    `differences` has one line for each difference, runner by runner; `plan` is the plan as it would be now.
    """

    code = "stale"
    exit_code = 4

    def __init__(self, differences: Sequence[str], plan: Plan | None) -> None:
        self.differences = tuple(differences)
        self.plan = plan
        lines = "\n".join(f"  {line}" for line in self.differences)
        advice = "the plan is stale, nothing was written; plan again and review it. What has changed:"
        super().__init__(f"{advice}\n{lines}")


class GuardRefused(ReconcilerError):
    """Findings of severity error that are not accepted; nothing was written."""

    code = "guard"
    exit_code = 5

    def __init__(self, message: str, plan: Plan) -> None:
        self.plan = plan
        super().__init__(message)


class Declined(ReconcilerError):
    """The answer to "apply?" was no; nothing was written."""

    code = "declined"


class Interrupted(ReconcilerError):
    """SIGINT or SIGTERM."""

    code = "interrupted"
    exit_code = 130
