"""`show`: a saved plan, read without its key; only apply checks the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import PlanFileError
from reconciler.files import read_file
from reconciler.planfile.saved import read_plan

if TYPE_CHECKING:
    from reconciler.model.plan import Plan


def show(path: str) -> Plan:
    """The plan that the file holds. Raises PlanFileError."""
    return read_plan(read_file(path, error=PlanFileError), None, file=path).plan
