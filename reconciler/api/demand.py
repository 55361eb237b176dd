"""What is asked for, and what the service itself serves: workflows under way and of late, and managed runners.

Workflows come and go while their pages are read, so their list never adds up and is not expected to: it is a sample,
in which each workflow counts once. What is missing in it proves nothing, so that no absence is ever inferred from it.
The list of managed runners is read like that of runners: until its pages fit together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from reconciler.api import wire
from reconciler.api.failures import read_verdict
from reconciler.api.pagination import read_pages
from reconciler.api.transport import Call
from reconciler.errors import Forbidden, Rejected
from reconciler.model.demand import UNDER_WAY, Demand, ManagedRunner, Workflow
from reconciler.model.runner import PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.api.retrying import Exchange

T = TypeVar("T")

_WORKFLOWS: Final = "/v1/workflow"
_MANAGED: Final = "/v1/managed-runner"
_BAD_REQUEST: Final = 400


class _Workflows(NamedTuple):
    items: tuple[Workflow, ...]
    total: int


def read_demand(exchange: Exchange, recent: int, sent: Callable[[], None]) -> Demand:
    """Read every workflow under way, by status, and the newest `recent` others (API: List Workflows)."""
    under_way: dict[str, Workflow] = {}
    for status in UNDER_WAY:
        try:
            for workflow in _pages(exchange, {"status": status}, sent):
                under_way.setdefault(workflow.id, workflow)
        except Rejected as exc:
            # The statuses are documented, whether each can be filtered by is not: the newest ones show it then.
            if exc.status != _BAD_REQUEST:
                raise
    others: dict[str, Workflow] = {}
    if recent:
        for workflow in _pages(exchange, {}, sent):
            if workflow.id in under_way:
                continue
            kept = under_way if workflow.status in UNDER_WAY else others
            kept.setdefault(workflow.id, workflow)
            if len(others) == recent:
                break
    return Demand.count(under_way.values(), others.values())


def read_managed(exchange: Exchange, sent: Callable[[], None]) -> tuple[ManagedRunner, ...] | None:
    """Read the service's own runners (API: List Managed Runners); None where this tier has none."""

    def read_page(number: int) -> wire.Page[ManagedRunner]:
        return exchange.repeat(_call(_MANAGED, number, {}, sent, _decode_managed), read_verdict)

    try:
        return read_pages(read_page, lambda _done, _total: None, "managed runners")
    except Forbidden:
        return None


def _pages(exchange: Exchange, chosen: dict[str, str], sent: Callable[[], None]) -> Iterator[Workflow]:
    """Yield workflows page by page, as many pages as the first one says there are, or until one is not full."""
    number, pages = 1, 1
    while number <= pages:
        page = exchange.repeat(_call(_WORKFLOWS, number, chosen, sent, _decode_workflows), read_verdict)
        yield from page.items
        if number == 1:
            pages = -(-page.total // PER_PAGE)
        if len(page.items) < PER_PAGE:
            return
        number += 1


def _call(
    path: str, number: int, chosen: dict[str, str], sent: Callable[[], None], decode: Callable[[bytes], T]
) -> Call[T]:
    return Call(
        method="GET",
        path=path,
        params={"page": number, "per_page": PER_PAGE, **chosen},
        read=lambda answer: decode(answer.content),
        sent=sent,
    )


def _decode_workflows(content: bytes) -> _Workflows:
    items, total = wire.decode_items(content, "workflows")
    return _Workflows(tuple(_workflow(item, f"workflows[{at}]") for at, item in enumerate(items)), total)


def _workflow(item: Any, place: str) -> Workflow:
    return Workflow(
        id=_string(item, "id", place),
        status=_string(item, "status", place),
        tags=_strings(item, "tags", place),
        created_at=_string(item, "created_at", place),
    )


def _decode_managed(content: bytes) -> wire.Page[ManagedRunner]:
    items, total = wire.decode_items(content, "runners")
    return wire.Page(tuple(_managed_runner(item, f"runners[{at}]") for at, item in enumerate(items)), total)


def _managed_runner(item: Any, place: str) -> ManagedRunner:
    return ManagedRunner(
        id=_string(item, "id", place),
        name=_string(item, "name", place),
        status=_string(item, "status", place),
        tags=_strings(item, "tags", place),
    )


def _string(item: Any, name: str, place: str) -> str:
    value = wire.as_object(item, place).get(name)
    if type(value) is not str:
        raise wire.wrong(f"{place}.{name}", "a string", item, name)
    return value


def _strings(item: Any, name: str, place: str) -> tuple[str, ...]:
    values = wire.as_object(item, place).get(name)
    if type(values) is not list:
        raise wire.wrong(f"{place}.{name}", "an array", item, name)
    for number, value in enumerate(values):
        if type(value) is not str:
            raise wire.wrong(f"{place}.{name}[{number}]", "a string", value)
    return tuple(values)
