"""From parsed options to what a use case takes: its selection and its ports, with the real adapters."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.logs import log_to_stderr
from reconciler.adapters.service import open_prober
from reconciler.adapters.signals import watch_signals
from reconciler.cli.color import color
from reconciler.cli.header_secrets import take_header_secrets
from reconciler.cli.pipes import note
from reconciler.errors import UsageProblem
from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.policy import Acknowledgement
from reconciler.model.secret import Scrubber, Secret
from reconciler.settings import (
    DEFAULT_API_URL,
    DOCUMENTED_LIMIT,
    RateLimit,
    Settings,
    check_api_url,
    read_plan_key,
    read_token,
    read_token_file,
)
from reconciler.workflow.run import Ports, Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from reconciler.manifests.project import Project
    from reconciler.ports import Progress, Stop

SANDBOX_URL = "http://sandbox.localhost"


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
    """The real adapters, for as long as the command runs; SIGINT and SIGTERM set their stop."""
    scrubber = Scrubber()
    as_json = options.get("log_format") == "json"
    logs = log_to_stderr(
        options.get("verbose", 0), as_json=as_json, scrubber=scrubber, cycles=options.get("log_cycles", False)
    )
    with watch_signals() as stop, logs:
        given = take_header_secrets(options, os.environ)
        scrubber.learn(given.values())
        clock = SystemClock(stop)
        quiet = options.get("quiet", False)
        progress = _progress(quiet=quiet, color=color(options, sys.stderr))
        ports = Ports(
            clock=clock,
            stop=stop,
            progress=progress,
            secrets=ProcessSecrets(os.environ, given),
            stdin=sys.stdin.buffer.read,
            warn=(lambda _text: None) if quiet else (lambda text: note(f"warning: {text}")),
            settings=lambda project: settings_of(options, project),
            reader=lambda settings: _open_api(settings, clock, stop, progress, scrubber, writes=False),
            client=lambda settings: _open_api(settings, clock, stop, progress, scrubber, writes=True),
            prober=lambda: open_prober(stop),
        )
        try:
            yield ports
        finally:
            progress.close()


def settings_of(options: Mapping[str, Any], project: Project | None) -> Settings:
    """The connection that flags, environment and project file describe. Raises UsageProblem, also without a token."""
    limit = RateLimit.parse(options["rate_limit"]) if options["rate_limit"] else DOCUMENTED_LIMIT
    timeout_s = options["timeout"]
    common = Settings(
        api_url=SANDBOX_URL,
        token=Secret(""),
        plan_key=Secret(""),
        rate_limit=limit,
        public_headers=project.public_headers if project else frozenset(),
    )
    if timeout_s:
        connect_s = min(timeout_s, common.connect_timeout_s)
        common = replace(common, read_timeout_s=timeout_s, connect_timeout_s=connect_s, request_timeout_s=timeout_s)
    if options["sandbox"]:
        from reconciler.sandbox.service import SANDBOX_TOKEN
        from reconciler.sandbox.store import Store

        file = options["sandbox"]
        with Store(file) as store:
            key = store.plan_key()
        return replace(common, token=Secret(SANDBOX_TOKEN), plan_key=Secret(key), sandbox=file)
    url = check_api_url(options["api_url"] or DEFAULT_API_URL, insecure_http=options["insecure_http"])
    file = options.get("token_file")
    token = read_token_file(file) if file else read_token(os.environ, project.token_env if project else None)
    return replace(common, api_url=url, token=token, plan_key=read_plan_key(os.environ, token))


def _open_api(
    settings: Settings, clock: SystemClock, stop: Stop, progress: Progress, scrubber: Scrubber, *, writes: bool
) -> AbstractContextManager[Any]:
    from reconciler.api.client import Client, Reader
    from reconciler.api.lean import import_lean_httpx

    scrubber.learn((settings.token,))
    transport = None
    if settings.sandbox is not None:
        import_lean_httpx()
        from reconciler.sandbox.service import Service
        from reconciler.sandbox.store import Store
        from reconciler.sandbox.transport import transport as in_process

        limit = (settings.rate_limit.requests, settings.rate_limit.seconds)
        transport = in_process(Service(Store(settings.sandbox), rate_limit=limit))
    kind: type[Reader] = Client if writes else Reader
    return kind(settings, clock=clock, stop=stop, progress=progress, transport=transport, scrubber=scrubber)


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
