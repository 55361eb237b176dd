"""Puts a watch together from what the command line says, and runs it."""

from __future__ import annotations

import logging
import random
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageProblem
from reconciler.manifests.files import STDIN
from reconciler.manifests.git_clone import check_git_url, check_ref
from reconciler.model.watching import Overrides, Watching
from reconciler.watch.board import Beating, Board, Warnings
from reconciler.watch.cycle import Cycle
from reconciler.watch.endpoints import Endpoints
from reconciler.watch.loop import Loop, Wakeups
from reconciler.watch.notify import Silence, Webhook, check_notify_url
from reconciler.watch.sources.folder import Folder
from reconciler.watch.sources.git_ref import GitRef
from reconciler.watch.status import Status
from reconciler.watch.web.app import BoardView
from reconciler.watch.web.server import DEFAULT_LISTEN, OFF, ListenProblem, StatusServer, parse_listen
from reconciler.workflow.apply import Writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.watch.notify import Notifier
    from reconciler.watch.sources.source import Source
    from reconciler.workflow.run import Ports, Selection

_LOG: Final = logging.getLogger("reconciler.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What to watch and how.

    `listen` is HOST:PORT, `off`, or None for the usual place if it is free; `notify_url` empty for none. `listening`
    gets the address of the status, once it is served, and whether only this machine can reach it. `reload` gives the
    ports with what their files hold now, at SIGHUP. With `probe` every active runner's endpoint is asked, else only
    those whose status is auto.
    """

    overrides: Overrides
    parallelism: int
    verify: bool
    api_url: str
    hangup: Callable[[], bool]
    reload: Callable[[Ports], Ports]
    listening: Callable[[str, bool], None]
    git: str | None = None
    ref: str = "HEAD"
    listen: str | None = None
    once: bool = False
    probe: bool = True
    notify_url: str = ""
    insecure_http: bool = False


def watch(selection: Selection, ports: Ports, asked: Watch) -> int:
    """Watch until asked to stop, or once; the exit code. Raises UsageProblem, and ListenProblem."""
    source = _source(selection, asked)
    begun = asked.overrides.over(Watching())
    status = Status(environment=selection.environment, api_url=asked.api_url, mode=begun.mode, suspended=begun.suspend)
    board = Board(status, ports.clock)
    ports = replace(ports, warn=Warnings(board), journal=Beating(ports.journal, board.beat))
    writing = Writing(parallelism=asked.parallelism, verify=asked.verify)
    endpoints = Endpoints(ports.prober(), ports.clock, everyone=asked.probe)
    cycle = Cycle(source, asked.overrides, writing, endpoints, key=secrets.token_bytes(32))
    wakeups = Wakeups(hangup=asked.hangup, reload=asked.reload, chance=random.random)
    with ExitStack() as stack:
        stack.callback(cycle.close)
        if asked.listen != OFF and not asked.once:
            cycle.begun = _serve(board, asked, ports, stack)
        notifier: Notifier = Silence()
        if asked.notify_url:
            url = check_notify_url(asked.notify_url, insecure_http=asked.insecure_http)
            notifier = Webhook(url, scrub=cycle.connection.scrub)
        stack.callback(notifier.close)
        return Loop(cycle, source, board, ports, wakeups, notifier.send).run(once=asked.once)


def _serve(board: Board, asked: Watch, ports: Ports, stack: ExitStack) -> Callable[[], None]:
    """Serve the status; where no place was given, a port that is taken is no reason not to watch.

    Returns what shows the address, the first time it is called.
    """
    try:
        server = stack.enter_context(StatusServer(BoardView(board), *parse_listen(asked.listen or DEFAULT_LISTEN)))
    except ListenProblem as problem:
        if asked.listen is not None:
            raise
        ports.warn(f"{problem}; going on without")
        return lambda: None
    return cache(lambda: asked.listening(server.url, server.is_local))


def _source(selection: Selection, asked: Watch) -> Source:
    if STDIN in selection.paths:
        raise UsageProblem("watch reads manifests again and again, and stdin only once: name files or folders")
    if asked.git is None:
        return Folder(selection)
    if selection.policy_from is not None:
        raise UsageProblem("--policy-from is for a checkout; with --git the policy is that of --ref")
    url = check_git_url(asked.git, selection.cwd, insecure_http=asked.insecure_http)
    return GitRef(url, check_ref(asked.ref), selection)
