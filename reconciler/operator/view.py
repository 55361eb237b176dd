"""What the operator shows over HTTP: every Account's status, and whether this process leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.render.views import html_page
from reconciler.watch.status import status_document
from reconciler.watch.web.metrics import render_metrics
from reconciler.watch.web.page import REFRESH_S, headline, is_good, render_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.operator.cluster.keeper import Keeper
    from reconciler.operator.pool import Pool
    from reconciler.operator.store import Store
    from reconciler.operator.streams import Streams


class OperatorView:
    """Implements web.app.View. A standby is alive and ready, too: it has no Account's status to show.

    `competes` says whether the thread of the keeper runs.
    """

    def __init__(
        self, pool: Pool, streams: Streams, store: Store, keeper: Keeper, competes: Callable[[], bool]
    ) -> None:
        self._pool = pool
        self._streams = streams
        self._store = store
        self._keeper = keeper
        self._competes = competes

    def page(self, part: str | None, *, refreshes: bool) -> tuple[str, str] | None:
        """Return the page of all Accounts, or that of NAMESPACE/NAME."""
        boards = self._pool.boards()
        if part is not None:
            found = (board for board in boards if board.status.environment == part)
            return next((render_page(each, refreshes=refreshes, path=f"/accounts/{part}") for each in found), None)
        html = html_page.render_template(
            "operator.html.j2",
            title="Accounts - reconciler operator",
            accounts=[(each.status, headline(each.status), is_good(each.status)) for each in boards],
            leads=self._pool.leads,
            holder=self._keeper.holder,
            problems=self._problems(),
            refreshes=refreshes,
            refresh_s=REFRESH_S,
        )
        return html, html_page.content_policy()

    def document(self) -> Mapping[str, Any]:
        """Return every Account's status."""
        return {
            "format_version": "1.0",
            "leads": self._pool.leads,
            "holder": self._keeper.holder or None,
            "ready": self._store.ready,
            "problems": self._problems(),
            "accounts": [status_document(each.status, each.counts) for each in self._pool.boards()],
        }

    def metrics(self) -> tuple[bytes, str]:
        """Return the metrics of all Accounts; `environment` is NAMESPACE/NAME."""
        return render_metrics(self._pool.boards())

    def not_alive(self) -> str | None:
        """Say what gives no sign of life."""
        if not self._streams.alive:
            return "the streams give no sign of life"
        if not self._competes():
            return "what keeps the Lease gives no sign of life"
        hung = [str(board.status.environment) for board in self._pool.boards() if not board.alive]
        return f"the loops of {', '.join(hung)} give no sign of life" if hung else None

    def not_ready(self) -> str | None:
        """Say why nothing can be planned yet."""
        return None if self._store.ready else self._streams.problem or "Accounts and Runners are not listed yet"

    def _problems(self) -> list[str]:
        return [problem for problem in (self._streams.problem, self._keeper.problem) if problem]
