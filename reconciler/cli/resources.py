"""Puts out runners as resources for `operator`, and says which keys their secret needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.outputs import put_as
from reconciler.cli.pipes import note
from reconciler.model.results import Exported
from reconciler.operator.resources.write import SECRET
from reconciler.render import escape
from reconciler.render.views.exported import file_text

if TYPE_CHECKING:
    from reconciler.cli.groups import Output
    from reconciler.model.results import Effective
    from reconciler.operator.resources.write import Written


def put_resources(output: Output, result: Exported | Effective, written: Written) -> None:
    """Write resources to stdout, and to stderr what they need: a secret's keys, and what no resource can hold."""
    sandbox = result.sandbox if isinstance(result, Exported) else None
    put_as(output, result, file_text(written.text, sandbox))
    for line in written.notes:
        note(f"note: {escape.text(line)}")
    if written.keys and not output.quiet:
        note(f"the secret {SECRET}, in the namespace of the runners, needs these keys before a plan:")
        for key, shown in written.keys.items():
            note(f"  {key} = {escape.text(shown)}")
