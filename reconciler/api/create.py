"""Creating a runner without ever creating it twice.

There is no idempotency key and no delete. So after an attempt whose outcome is unknown the list decides: an id that
did not exist before, with the name and the endpoint that were sent, is the runner that was created. No clock is asked,
for the service's and ours differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.api.failures import Delivery, FailedAttempt, read_verdict, unverified
from reconciler.errors import AmbiguousCreate, ApiError, Interrupted, Unverified
from reconciler.model.fields.endpoint import same_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.api.retrying import Exchange
    from reconciler.api.transport import Call
    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.runner import Listing, LiveRunner


def create(
    exchange: Exchange,
    call: Call[LiveRunner],
    body: RunnerBody,
    known_ids: Callable[[], frozenset[str]],
    list_runners: Callable[[], Listing],
) -> LiveRunner:
    """Send a POST until it is known what became of it. Raises Unverified and AmbiguousCreate besides.

    `known_ids` gives the ids that are certainly not of this runner: there before, or created by others of this run.

    When it was not found: after a connection that broke or a 5xx it is sent again; after a timeout, or a success that
    could not be read, it is not, for it may yet appear. A 429 processed nothing and is repeated after the cooldown.
    """

    def settle(failed: Sequence[FailedAttempt]) -> LiveRunner | None:
        doubt = next((each for each in reversed(failed) if each.delivery.doubtful), None)
        last = failed[-1]
        # An earlier attempt that was not found may have come through since: `Runner limit exceeded` can be its echo.
        if doubt is not None and last.delivery is not Delivery.THROTTLED:
            found = _find(body, known_ids, list_runners, doubt)
            if found is not None:
                return found
        if last.delivery is Delivery.OPEN:
            raise Unverified(
                f"it is not in the list, but may yet appear, so it was not sent again; plan again later, and it is "
                f"adopted by its name if it did: {last.error}"
            )
        return None

    return exchange.repeat(call, read_verdict, settle=settle)


def _find(
    body: RunnerBody, known_ids: Callable[[], frozenset[str]], list_runners: Callable[[], Listing], doubt: FailedAttempt
) -> LiveRunner | None:
    """The runner that the attempt made; None when there is none."""
    try:
        listing = list_runners()
    except (ApiError, Interrupted) as exc:
        raise unverified(doubt.error) from exc
    known = known_ids()
    found = [
        runner
        for runner in listing.runners
        if runner.id not in known
        and runner.spec.name == body.spec.name
        and same_endpoint(runner.spec.endpoint, body.spec.endpoint)
    ]
    if len(found) > 1:
        ids = [runner.id for runner in found]
        raise AmbiguousCreate(
            f"the create was not answered ({doubt.error}), and now there are {len(found)} new runners of its name and "
            f"endpoint: {', '.join(ids)}; remove all but one in the dashboard, or give the manifest the `id:` of one",
            ids=ids,
        )
    return found[0] if found else None
