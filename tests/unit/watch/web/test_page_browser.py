"""The status page in a real browser: it works without a script, asks for nothing else, and keeps nobody out."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from reconciler.model.watching import Mode
from reconciler.watch.board import Board
from reconciler.watch.status import Counts, Status
from reconciler.watch.web.app import BoardView
from reconciler.watch.web.server import StatusServer
from tests.fakes.browser import launched
from tests.fakes.clock import VirtualClock
from tests.unit.watch.web.test_app import busy_status

pytestmark = pytest.mark.browser

STARTING = Status(environment=None, api_url="https://api.example.com", mode=Mode.REPORT)


@pytest.fixture(scope="module")
def browser():
    """One for all tests of this file."""
    with launched() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("status", [busy_status(), busy_status(suspended=True, waits_for="process 1"), STARTING])
def test_it_keeps_nobody_out(browser, status, scheme, width):
    """axe-core finds no serious problem, nothing is asked for but the page, and nothing is said on the console."""
    board = Board(status, VirtualClock())
    board.show(status, Counts(cycles={"contested": 7}))
    said, asked = [], []
    with StatusServer(BoardView(board), "127.0.0.1", 0) as server:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=True
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.url)
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.get_by_role("link", name="Stop refreshing").click()
        assert page.get_by_role("link", name="Refresh it by itself").is_visible()
        context.close()
    assert said == []
    assert {url.removeprefix(server.url) for url in asked} <= {"/", "/?refresh=off", "/favicon.ico"}


def test_it_works_without_a_script(browser):
    """Everything is there without JavaScript."""
    board = Board(busy_status(), VirtualClock())
    with StatusServer(BoardView(board), "127.0.0.1", 0) as server:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(server.url)
        for word in ("1 runner contested", "gpu-1", "wildcard-runner", "it answers 502", "the remote is gone"):
            assert page.get_by_text(word).first.is_visible()
        context.close()
