"""All pages of the list of runners, in a read that adds up: absence is never inferred from a bad one.

A full last page is followed by one more read, which must be empty: a service whose `total` counts only the runners of
its page would pass for one with exactly so many.
"""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final

from reconciler.api.http import MAX_CONNECTIONS
from reconciler.errors import UnstableList
from reconciler.model.runner import PER_PAGE, Listing, list_reads

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from reconciler.api.wire import Item, Page
    from reconciler.model.runner import LiveRunner

MAX_READS: Final = 3

_PATIENCE_S: Final = 0.05
"""After each so long one more thread reads: a service that is near keeps two busy, and more only get in their way."""


class Shifted(Exception):
    """The pages of one read do not fit together; the text says how."""


def read_list(
    read_page: Callable[[int], Page[LiveRunner]],
    now: Callable[[], dt.datetime],
    progress: Callable[[int, int], None],
) -> Listing:
    """Read all runners and when they were read. Raises UnstableList, and what `read_page` raises.

    What was spent on it is not known here: `reads` is 0.
    """
    read_at = ""

    def begin() -> None:
        nonlocal read_at
        read_at = now().strftime("%Y-%m-%dT%H:%M:%SZ")

    runners = read_pages(read_page, progress, begin=begin)
    return Listing(runners, read_at, reads=0)


def read_pages(
    read_page: Callable[[int], Page[Item]],
    progress: Callable[[int, int], None],
    what: str = "runners",
    *,
    begin: Callable[[], None] = lambda: None,
) -> tuple[Item, ...]:
    """Read until the pages add up, at most MAX_READS times. Raises UnstableList, and what `read_page` raises.

    `read_page` takes a page's number from 1, and is called by several threads at once; `begin` is called before each
    read. `what` is listed, for messages.
    """
    for left in reversed(range(MAX_READS)):
        begin()
        try:
            return _read_once(read_page, progress)
        except Shifted as exc:
            if not left:
                raise UnstableList(
                    f"the list of {what} did not add up in {MAX_READS} reads: {exc}; runners may be created right "
                    "now: try again when that is over"
                ) from exc
    raise AssertionError  # pragma: no cover - the last read returns or raises


def _read_once(read_page: Callable[[int], Page[Item]], progress: Callable[[int, int], None]) -> tuple[Item, ...]:
    """One read of all pages: the first says how many there are, the rest are read side by side. Raises Shifted."""
    first = _checked(read_page(1), 1, None)
    count = list_reads(first.total)
    progress(1, count)
    pages = {1: first, **_rest(read_page, first.total, count, progress)} if count > 1 else {1: first}
    runners = tuple(itertools.chain.from_iterable(pages[number].runners for number in range(1, count + 1)))
    if len({runner.id for runner in runners}) != len(runners):
        raise Shifted("the same runner is on two pages")
    return runners


def _rest(
    read_page: Callable[[int], Page[Item]], total: int, count: int, progress: Callable[[int, int], None]
) -> dict[int, Page[Item]]:
    """Pages 2 to `count`. The first failure keeps the others from starting another page."""
    numbers = iter(range(2, count + 1))
    pages: dict[int, Page[Item]] = {}
    lock = threading.Lock()
    failed = threading.Event()

    def work() -> None:
        while not failed.is_set():
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                page = _checked(read_page(number), number, total)
            except BaseException:
                failed.set()
                raise
            with lock:
                pages[number] = page
                progress(len(pages) + 1, count)

    most = min(MAX_CONNECTIONS, count - 1)
    with ThreadPoolExecutor(most, thread_name_prefix="list") as pool:
        workers = [pool.submit(work)]
        while wait(workers, _PATIENCE_S).not_done and len(workers) < most:
            workers.append(pool.submit(work))
    for future in workers:
        future.result()
    return pages


def _checked(page: Page[Item], number: int, total: int | None) -> Page[Item]:
    """The page, if it fits a list of so many; None for the first page, which says how many."""
    whole = page.total if total is None else total
    due = max(0, min(PER_PAGE, whole - (number - 1) * PER_PAGE))
    if number > 1 and not due and not page.runners:
        return page  # nothing comes after the full last page, whatever the total of an empty one is
    if page.total != whole:
        raise Shifted(f"page 1 says that there are {whole} runners, page {number} {page.total}")
    if len(page.runners) != due:
        raise Shifted(f"page {number} of a list of {whole} holds {len(page.runners)} runners, not {due}")
    return page
