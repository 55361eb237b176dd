"""`reconciler demo`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.options import option
from reconciler.errors import GuardRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRETS: Final = {"RECONCILER_COMFY_TOKEN": "made-up-token-of-the-demo"}
COMMON: Final = ("-e", "production", "--sandbox", "demo.db")
DRIFT: Final = {"tags": ["production", "gpu-a100"], "headers": {}}
"""The edit that the demo makes to the first runner, as if in the dashboard."""
OLD: Final = "gpu-l40s"
NEW: Final = "gpu-l40s-48g"
WANTED: Final = f"production,{OLD},video-generation"
"""What the workflows of the last act ask for."""


@click.command("demo")
@option("--keep", metavar="DIR", help="Leave the demo's files in DIR, a new or empty folder, to go on by hand.")
def command(keep: str | None) -> int:
    """See the whole story on the embedded sandbox: plan, apply, no changes, drift, plan, apply.

    And a last act: a change that would strand workflows, refused, corrected, applied.

    Uses the shipped example of a fleet; no account, no network.

    \b
    Example:
      reconciler demo
    """  # noqa: D301 - click reads the \b
    import tempfile
    from pathlib import Path

    from reconciler.errors import UsageProblem

    if keep is None:
        with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder:
            return _play(Path(folder))
    kept = Path(keep)
    if kept.exists() and any(kept.iterdir()):
        raise UsageProblem(f"--keep {keep}: the folder is not empty")
    code = _play(kept)
    click.echo(f"\nThe files are in {keep}: cd there, edit runners/production/a100.yaml, and plan again with")
    click.echo(f"  {' '.join(f'{name}={value}' for name, value in SECRETS.items())} reconciler plan {' '.join(COMMON)}")
    return code


def _play(folder: Path) -> int:
    import shutil

    from reconciler.errors import ReconcilerError
    from reconciler.sandbox.seed import load_seed
    from reconciler.sandbox.store import Store
    from reconciler.workflow.shipped import shipped

    try:
        shutil.copytree(shipped("examples/fleet"), folder, dirs_exist_ok=True)
    except shutil.Error as exc:  # one for all files; each is (from, to, why)
        raise ReconcilerError(f"{exc.args[0][0][1]} can't be written; demo needs about 1 MB in its folder") from exc
    with _inside(folder):
        with Store("demo.db") as store:
            load_seed("live.json", store)
        _say("A fleet in git, and a live state that is not quite it. What would change?")
        _run("plan")
        _say("Change it. (Without --yes it asks first.)")
        _run("apply", "--yes")
        _say("Live is what git says, so there is nothing left to do.")
        _run("plan")
        _say("A runner is edited in the dashboard: a tag and its headers are gone. The next plan shows it.")
        _drift("GPU Runner", "Production GPU Runner")
        _run("plan")
        _say("And apply brings it back.")
        _run("apply", "--yes")
        _ask(WANTED, 4)
        _say(f"Four workflows ask for {WANTED}: one runs, three wait. In git a tag is renamed, from {OLD} to {NEW}.")
        _edit(f"[{OLD},", f"[{NEW},")
        _run("apply", "--yes", "--demand", "500", code=GuardRefused.exit_code)
        _say("Refused: no runner would serve them any more. So carry both tags until no workflow asks for the old one.")
        _edit(f"[{NEW},", f"[{OLD}, {NEW},")
        _run("apply", "--yes", "--demand", "500")
        _say("Applied without a gap: what waits is served, and so is the new tag.")
        _run("list", "--coverage", "--demand")
    return 0


def _run(*words: str, code: int = 0) -> None:
    """Run one command line, which is to end with this exit code."""
    from reconciler.cli.main import main

    name, *rest = words
    arguments = [name, *COMMON, *rest]
    click.secho(f"$ reconciler {' '.join(arguments)}", bold=True)
    found = main(arguments)
    if found != code:
        raise click.exceptions.Exit(found or 1)


def _ask(tags: str, count: int) -> None:
    """Send workflows that ask for these tags, as the API's page Create Workflow shows it."""
    from reconciler.sandbox.exchange import Request
    from reconciler.sandbox.service import SANDBOX_TOKEN, Service
    from reconciler.sandbox.store import Store

    headers = {"authorization": f"Bearer {SANDBOX_TOKEN}", "content-type": "multipart/form-data; boundary=demo"}
    body = f'--demo\r\nContent-Disposition: form-data; name="tags"\r\n\r\n{tags}\r\n--demo--\r\n'.encode()
    with Store("demo.db") as store:
        service = Service(store)
        for _ in range(count):
            service.handle(Request(method="POST", path="/v1/workflow", headers=headers, body=body))


def _edit(before: str, after: str) -> None:
    """Change the project file, as an editor would."""
    from pathlib import Path

    file = Path("reconciler.yaml")
    file.write_text(file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def _say(text: str) -> None:
    click.secho(f"\n# {text}\n", fg="cyan")


def _drift(*names: str) -> None:
    """Edit the first live runner of one of these names, as a user of the dashboard would."""
    from reconciler.sandbox.store import Store

    with Store("demo.db") as store:
        runner = next(each for each in store.runners() if each["name"] in names)
        store.update(runner["id"], DRIFT)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, environ = os.getcwd(), dict(os.environ)  # noqa: PTH109 - paired with chdir
    for name in [name for name in os.environ if name.startswith(("RECONCILER_", "COMFYCONTROL_"))]:
        del os.environ[name]
    os.environ.update(SECRETS)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)
