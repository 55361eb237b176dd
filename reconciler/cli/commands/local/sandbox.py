"""`reconciler sandbox`."""

from __future__ import annotations

import click

from reconciler.cli.options import option
from reconciler.cli.values import Limit, Number


@click.command("sandbox")
@option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 picks a free one.")
@option("--db", metavar="FILE", help="Keep the state in FILE; default: in memory.")
@option("--seed", metavar="FILE", help="JSON with runners to start from, such as the output of `list --format json`.")
@option("--token", "tokens", multiple=True, metavar="TOKEN", help="Accept this token; default: cfc_sandbox.")
@option(
    "--rate-limit",
    type=Limit(),
    metavar="N/SECONDS",
    default="40/10",
    show_default=True,
    help="What it answers 429 above.",
)
@option("--latency", type=Number(min=0), default=0.0, metavar="MS", help="Milliseconds before each answer.")
def command(
    host: str, port: int, db: str | None, seed: str | None, tokens: tuple[str, ...], rate_limit: str, latency: float
) -> int:
    """Serve the embedded API emulator over HTTP until interrupted.

    \b
    Example:
      reconciler sandbox --port 8787 --db fleet.db
      COMFYCONTROL_API_TOKEN=cfc_sandbox reconciler plan --api-url http://127.0.0.1:8787
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.pipes import note
    from reconciler.sandbox.seed import load_seed
    from reconciler.sandbox.server import serve_forever
    from reconciler.sandbox.service import SANDBOX_TOKEN, Service
    from reconciler.sandbox.store import Store
    from reconciler.settings import RateLimit

    limit = RateLimit.parse(rate_limit)
    accepted = tokens or (SANDBOX_TOKEN,)
    with Store(db or ":memory:") as store:
        if seed:
            load_seed(seed, store)
        service = Service(store, tokens=accepted, rate_limit=(limit.requests, limit.seconds), latency_s=latency / 1000)
        serve_forever(service, host=host, port=port, ready=lambda url: _announce(url, accepted[0]))
    note("sandbox stopped")
    return 0


def _announce(url: str, token: str) -> None:
    from reconciler.cli.pipes import echo, note

    echo(url)
    note(f"sandbox at {url}, token {token}; Ctrl-C stops it. In another terminal:")
    note(f"  COMFYCONTROL_API_TOKEN={token} reconciler list --api-url {url}")
