"""Opens a Reconciler for one command, with the real adapters."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from reconciler.adapters.logs import log_to_stderr
from reconciler.adapters.progress import choose_progress
from reconciler.adapters.signals import watch_signals
from reconciler.cli.color import color
from reconciler.cli.header_secrets import take_header_secrets
from reconciler.cli.pipes import note
from reconciler.engine import Reconciler
from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.secret import Scrubber
from reconciler.settings import DOCUMENTED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from reconciler.cli.groups import Connection, HeaderSecrets, Output
    from reconciler.ports import Journal


@contextmanager
def open_reconciler(
    connection: Connection,
    output: Output,
    secrets: HeaderSecrets | None = None,
    *,
    journal: str | None = None,
    cycles: bool = False,
) -> Iterator[Reconciler]:
    """A Reconciler for as long as the command runs; SIGINT and SIGTERM set its stop.

    Without `secrets` the command looks none up. With `cycles` the log shows what a watch does.
    """
    scrubber = Scrubber()
    as_json = output.log_format == "json"
    logs = log_to_stderr(output.verbose, as_json=as_json, scrubber=scrubber, cycles=cycles)
    with watch_signals() as stop, logs:
        given = take_header_secrets(secrets, os.environ)
        scrubber.learn(given.values())
        coloured = color(sys.stderr, no_color=output.no_color)
        with (
            _journal(journal) as record,
            Reconciler(
                api_url=None if connection.sandbox else connection.api_url,
                token_file=None if connection.sandbox else connection.token_file,
                sandbox=connection.sandbox,
                rate_limit=connection.rate_limit or DOCUMENTED_LIMIT,
                timeout_s=connection.timeout_s,
                insecure_http=connection.insecure_http,
                stop=stop,
                progress=choose_progress(quiet=output.quiet, terminal=sys.stderr.isatty(), color=coloured),
                journal=record,
                secrets=ProcessSecrets(os.environ, given),
                warn=(lambda _text: None) if output.quiet else (lambda text: note(f"warning: {text}")),
                stdin=sys.stdin.buffer.read,
                scrubber=scrubber,
            ) as reconciler,
        ):
            yield reconciler


def _journal(path: str | None) -> AbstractContextManager[Journal | None]:
    if path is None:
        return nullcontext()
    from reconciler.apply.journal import open_journal

    return open_journal(path)
