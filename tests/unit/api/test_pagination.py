from __future__ import annotations

import datetime as dt
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.pagination import MAX_READS, PER_PAGE, read_list
from reconciler.api.wire import Page
from reconciler.errors import Unreachable, UnstableList
from tests.fakes.runners import make_live

NOW = dt.datetime(2024, 1, 16, 14, 20, 5, 999, tzinfo=dt.UTC)


def runner(number):
    """A runner with that number for its id."""
    return make_live(id=str(number), name="n", endpoint="e", headers={}, tags=(), status="active")


class Service:
    """Newest first; `before(read)` runs before every page, with the number of pages read so far."""

    def __init__(self, count, before=lambda _service: None):
        self.runners = [runner(number) for number in range(count)]
        self.before = before
        self.asked = []
        self._lock = threading.Lock()

    def create(self):
        """One more runner, which shifts all others."""
        self.runners.insert(0, runner(f"new-{len(self.runners)}"))

    def page(self, number):
        """One page of the list as it is now."""
        with self._lock:
            self.before(self)
            self.asked.append(number)
            first = (number - 1) * PER_PAGE
            return Page(tuple(self.runners[first : first + PER_PAGE]), len(self.runners))


def read(service, progress=lambda _done, _total: None):
    """Read the list of a service."""
    return read_list(service.page, lambda: NOW, progress)


@settings(max_examples=40)
@given(st.integers(0, 1200))
def test_every_runner_once_in_the_fewest_requests(count):
    """The pages in their order make the list."""
    service = Service(count)
    listing = read(service)
    assert [each.id for each in listing.runners] == [each.id for each in service.runners]
    assert sorted(service.asked) == list(range(1, count // PER_PAGE + 2))
    assert listing.read_at == "2024-01-16T14:20:05Z"


@settings(max_examples=60)
@given(count=st.integers(0, 700), moments=st.sets(st.integers(0, 12), max_size=3))
def test_a_list_that_grows_meanwhile_is_whole_or_an_error(count, moments):
    """Runners created while pages are read never make one that was there before vanish from the list."""

    def before(service):
        if len(service.asked) in moments:
            service.create()

    service = Service(count, before)
    there = {each.id for each in service.runners}
    try:
        listing = read(service)
    except UnstableList:
        return
    ids = [each.id for each in listing.runners]
    assert there <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_list_that_never_stands_still_is_an_error():
    """Three reads, and then no more."""
    service = Service(150, Service.create)
    with pytest.raises(UnstableList, match=f"{MAX_READS} reads"):
        read(service)
    assert service.asked.count(1) == MAX_READS


@pytest.mark.parametrize("count", [99, 100, 101, 200, 250])
def test_a_total_of_the_page_alone_never_passes_for_the_whole(count):
    """A full page whose total says that it is the last one is believed only when nothing comes after it."""
    service = Service(count)

    def page(number):
        made = service.page(number)
        return Page(made.runners, len(made.runners))

    if count <= PER_PAGE:
        assert len(read_list(page, lambda: NOW, lambda _done, _total: None).runners) == count
    else:
        with pytest.raises(UnstableList):
            read_list(page, lambda: NOW, lambda _done, _total: None)


def test_a_total_without_runners_is_an_error_after_one_page_a_read():
    """A service that tells of more than it shows is not asked for the pages that would follow."""
    asked = []

    def page(number):
        asked.append(number)
        return Page((), 10**15)

    with pytest.raises(UnstableList):
        read_list(page, lambda: NOW, lambda _done, _total: None)
    assert asked == [1] * MAX_READS


def test_the_first_failure_ends_the_read():
    """An error of one page is the error of the list, and the pages not yet asked for are left."""
    service = Service(100 * PER_PAGE)

    def page(number):
        if number > 1:
            raise Unreachable("no")
        return service.page(number)

    with pytest.raises(Unreachable):
        read_list(page, lambda: NOW, lambda _done, _total: None)


def test_progress_is_told_page_by_page():
    """Each page once, up to their count."""
    told = []
    read(Service(950), lambda done, total: told.append((done, total)))
    assert told == [(done, 10) for done in range(1, 11)]
