"""`show`: a saved plan, read without its key; only apply checks the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import PlanFileError
from reconciler.files import read_file
from reconciler.planfile.saved import read_plan

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.planfile.saved import SavedPlan


def show(path: str) -> Plan:
    """The plan that the file holds. Raises PlanFileError."""
    return read_saved(path).plan


def read_saved(path: str) -> SavedPlan:
    """The plan that the file holds and what it was made from, its signature unchecked. Raises PlanFileError."""
    return read_plan(read_file(path, error=PlanFileError), None, file=path)
