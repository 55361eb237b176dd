"""`list` and `export`: the live runners, as they are."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError
from reconciler.files import create_file
from reconciler.model.enums import Standing, UnmanagedMode
from reconciler.model.results import Exported, Listed
from reconciler.workflow.plan import plan_for
from reconciler.workflow.run import compile_selected, load, read_runners

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifests.project import Project
    from reconciler.model.runner import Listing
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports, Selection

SCHEMA: Final = "runner-manifest.schema.json"


def list_live(selection: Selection, ports: Ports) -> Listed:
    """Every live runner. Manifests that are there tell which are managed; neither they nor secrets are needed."""
    project = load(selection)
    settings = ports.settings(project)
    with ports.reader(settings) as reader:
        listing = read_runners(reader, selection, project)
    return Listed(listing, settings.api_url, _standing(selection, ports, project, settings, listing), settings.sandbox)


def _standing(
    selection: Selection, ports: Ports, project: Project, settings: Settings, listing: Listing
) -> Mapping[str, Standing] | None:
    if not selection.paths and project.file is None and not (selection.cwd / "runners").exists():
        return None
    try:
        desired = compile_selected(selection, project, ports, secrets=ports.secrets, allow_unresolved=True)
        plan = plan_for(selection, ports, replace(project, unmanaged=UnmanagedMode.REPORT), settings, desired, listing)
    except ReconcilerError as error:
        ports.warn(f"which runners are managed can't be told: {error}")
        return None
    standing = {runner.id: Standing.MANAGED for runner in listing.runners}
    standing |= {runner.id: Standing.UNMANAGED for runner in plan.unmanaged}
    standing |= {action.id: Standing.DRIFTED for action in plan.actions if action.id is not None}
    return standing


def export(selection: Selection, ports: Ports, *, headers: bool) -> Exported:
    """Every live runner as one manifest with ids; it holds what is live, whatever the project file's defaults are."""
    from reconciler.manifests.export import export_manifest

    project = load(selection)
    settings = ports.settings(project)
    with ports.reader(settings) as reader:
        listing = reader.list_runners()
    made = export_manifest(listing.runners, headers=headers, inherit=not project.declares_defaults)
    return Exported(made.text, made.variables, made.left_out, settings.sandbox)


def _schema_above(path: Path) -> Path:
    """The nearest editor schema in the folders above a file; where there is none, where `init` writes it: here."""
    folders = (Path.cwd() / path).parents
    return next((each / SCHEMA for each in folders if (each / SCHEMA).is_file()), Path(SCHEMA))


def write_export(text: str, folder: str) -> Path:
    """A manifest's text as `runners.yaml` in a folder; overwrites nothing. Returns its path; raises ReconcilerError."""
    path = Path(folder) / "runners.yaml"
    seen = os.path.relpath(_schema_above(path), path.parent)
    try:
        create_file(path, text.replace(f"./{SCHEMA}", seen if seen.startswith("..") else f"./{seen}", 1))
    except FileExistsError as exc:
        raise ReconcilerError(f"{path} is there already, and export overwrites nothing; move it away first") from exc
    return path
