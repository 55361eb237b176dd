"""The closed sets of words that documents, manifests and options hold. Each member is its text."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ActionKind(StrEnum):
    """What a plan does with one runner; `disable` retires an unmanaged one."""

    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"


class Purpose(StrEnum):
    """What one write is for; `finish` disables a runner just created, `retire` an unmanaged one."""

    CREATE = "create"
    FINISH = "finish"
    REPLACE = "replace"
    WIDEN = "widen"
    NARROW = "narrow"
    RETIRE = "retire"


class ChangeOrigin(StrEnum):
    """Where a change comes from; a conflict is a field that both this branch and another writer changed."""

    BRANCH = "branch"
    DRIFT = "drift"
    CONFLICT = "conflict"


class MatchedBy(StrEnum):
    """How an entry of a manifest found its live runner."""

    ID = "id"
    NAME = "name"
    FORMER_NAME = "former_name"
    NONE = "none"


class RunnerStatus(StrEnum):
    """The statuses that are documented; a live runner may have another one."""

    ACTIVE = "active"
    DISABLED = "disabled"


AUTO: Final = "auto"
"""What a manifest says for a status that health decides; no runner has it."""


class OutcomeStatus(StrEnum):
    """How one action of an apply ended."""

    APPLIED = "applied"
    FAILED = "failed"
    STALE = "stale"
    NOT_ATTEMPTED = "not_attempted"
    UNVERIFIED = "unverified"
    WIDENED_ONLY = "widened_only"


class Severity(StrEnum):
    """How grave a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


class Standing(StrEnum):
    """What the manifests say of a live runner."""

    MANAGED = "managed"
    DRIFTED = "drifted"
    UNMANAGED = "unmanaged"


class SetStanding(StrEnum):
    """Whether an active runner serves a tag set, and whether any workflow asks for just it."""

    SERVED = "served"
    ASKED = "asked"
    BOTH = "both"
    NEITHER = "neither"


class CheckStatus(StrEnum):
    """How one check of `doctor` ended; what could not be checked is not ok, and fails nothing."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class UnmanagedMode(StrEnum):
    """What the project file makes of live runners that no entry matches."""

    REPORT = "report"
    IGNORE = "ignore"
    DISABLE = "disable"


class Format(StrEnum):
    """An output format. `render.formats.registry` maps each to its suffix and its module."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    TERRAFORM = "terraform"
    CODEQUALITY = "codequality"
    JUNIT = "junit"


class Interest(StrEnum):
    """Whether any workflow asks for a tag set: what `guard.severity` may distinguish."""

    ASKED = "asked"
    UNASKED = "unasked"
