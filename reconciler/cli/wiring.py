"""From parsed options to what a use case takes: its selection and its ports, with the real adapters."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.adapters.logs import log_to_stderr
from reconciler.adapters.signals import watch_signals
from reconciler.cli.color import color
from reconciler.cli.header_secrets import take_header_secrets
from reconciler.cli.pipes import note
from reconciler.engine import Reconciler
from reconciler.errors import UsageProblem
from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.policy import Acknowledgement
from reconciler.model.secret import Scrubber
from reconciler.settings import DOCUMENTED_LIMIT
from reconciler.workflow.run import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.ports import Progress
    from reconciler.workflow.run import Ports


def selection_of(options: Mapping[str, Any]) -> Selection:
    """Which manifests the options choose. Raises UsageProblem."""
    return Selection(
        paths=tuple(options.get("paths", ())),
        project=options["project"],
        environment=options["environment"],
        variables=dict(_variable(text) for text in options["variables"]),
        targets=tuple(options["targets"]),
        acknowledged=tuple(_acknowledgement(text) for text in options.get("acknowledged", ())),
        allow_empty=options.get("allow_empty", False),
        policy_from=options.get("policy_from"),
        demand=options.get("demand"),
        probe=options.get("probe", False),
        cwd=Path.cwd(),
        workspace=_folder(os.environ.get("GITHUB_WORKSPACE")),
    )


@contextmanager
def open_ports(options: Mapping[str, Any]) -> Iterator[Ports]:
    """The ports of a Reconciler, for as long as the command runs; SIGINT and SIGTERM set its stop."""
    scrubber = Scrubber()
    as_json = options.get("log_format") == "json"
    logs = log_to_stderr(
        options.get("verbose", 0), as_json=as_json, scrubber=scrubber, cycles=options.get("log_cycles", False)
    )
    with watch_signals() as stop, logs:
        given = take_header_secrets(options, os.environ)
        scrubber.learn(given.values())
        quiet, sandbox = options.get("quiet", False), options["sandbox"]
        with Reconciler(
            api_url=None if sandbox else options["api_url"],
            token_file=None if sandbox else options.get("token_file"),
            sandbox=sandbox,
            rate_limit=options["rate_limit"] or DOCUMENTED_LIMIT,
            timeout_s=options["timeout"],
            insecure_http=options["insecure_http"],
            stop=stop,
            progress=_progress(quiet=quiet, color=color(options, sys.stderr)),
            secrets=ProcessSecrets(os.environ, given),
            warn=(lambda _text: None) if quiet else (lambda text: note(f"warning: {text}")),
            stdin=sys.stdin.buffer.read,
            scrubber=scrubber,
        ) as reconciler:
            yield reconciler.ports


def _progress(*, quiet: bool, color: bool) -> Progress:
    from reconciler.adapters.progress import choose_progress

    return choose_progress(quiet=quiet, terminal=sys.stderr.isatty(), color=color)


def _folder(path: str | None) -> Path | None:
    return Path(path) if path else None


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageProblem(f"--var {text!r}: write it as NAME=VALUE")
    return name, value


def _acknowledgement(text: str) -> Acknowledgement:
    code, colon, key = text.partition(":")
    if not code or (colon and not key):
        raise UsageProblem(f"--acknowledge {text!r}: write it as CODE or CODE:KEY")
    return Acknowledgement.parse(text)
