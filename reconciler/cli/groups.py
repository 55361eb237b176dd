"""The options that commands share as typed values, one class a group, made of what click parsed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = TypeVar("Command", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the service: `connection_options`."""

    api_url: str | None
    insecure_http: bool
    sandbox: str | None
    rate_limit: str | None
    timeout_s: float | None
    token_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderSecrets:
    """What a run is handed for runners besides RECONCILER_HEADER_SECRETS: `secrets_options`."""

    secrets_file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where results go and how they look: `output_options`, `log_options` and `expand_option`."""

    format_: str = "text"
    reports: tuple[str, ...] = ()
    quiet: bool = False
    verbose: int = 0
    log_format: str = "text"
    no_color: bool = False
    expand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What only a plan takes, and apply with --dry-run: `preview_options`."""

    out: str | None
    detailed_exitcode: bool
    allow_unresolved: bool
    base: str | None
    live: str | None


def grouped(**kinds: type) -> Callable[[Command], Command]:
    """Hand the options over in groups: each keyword is a parameter, made of those options that its kind declares.

    `@grouped(output=Output)` gives the command `output`, with the values of --format, --report and the others.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gathered(*arguments: object, **given: Any) -> object:
            groups = {
                group: kind(**{name: given.pop(name) for name in kind.__annotations__ if name in given})
                for group, kind in kinds.items()
            }
            return command(*arguments, **given, **groups)

        return gathered  # type: ignore[return-value]  # click calls it with what the options are named

    return decorate
