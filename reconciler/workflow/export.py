"""`export`: live runners as manifests, those that no manifest declares yet."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError
from reconciler.files import create_file
from reconciler.manifests.export import ENTRY_FILE, Export, export_manifest
from reconciler.model.results import Exported
from reconciler.planning.match import match
from reconciler.render.views.exported import file_text
from reconciler.workflow.listing import Choice, choose
from reconciler.workflow.run import compile_selected, load

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from reconciler.manifests.project import Project
    from reconciler.model.runner import LiveRunner
    from reconciler.workflow.run import Ports, Selection

SCHEMA: Final = "runner-manifest.schema.json"


def export(
    selection: Selection, ports: Ports, *, headers: bool, out: str | None = None, split: bool = False
) -> Exported:
    """Live runners as manifests with ids; they hold what is live, whatever the project file's defaults are.

    A runner that the project's manifests, or those in the folder `out`, declare already is left out. With `out` the
    manifest is written there, with `split` a file a runner, and nothing is overwritten. Raises ManifestError where the
    manifests that are there can't be read, and UsageProblem for a target that matches no live runner.
    """
    project = load(selection)
    settings = ports.settings(project)
    with ports.reader(settings) as reader:
        listing = reader.list_runners()
    chosen = choose(listing.runners, selection.targets, Choice())
    declared, keys = _declared(selection, ports, project, listing.runners, out)
    new = [runner for runner in chosen if runner.id not in declared]
    made = export_manifest(new, headers=headers, inherit=not project.declares_defaults, taken=keys)
    written: list[Path] = []
    if out is not None:
        files = _files(made, Path(out), split=split)
        written = write_export({name: file_text(text, settings.sandbox) for name, text in files.items()}, Path(out))
    return Exported(
        text=made.text,
        variables=made.variables,
        left_out=made.left_out,
        sandbox=settings.sandbox,
        declared=len(chosen) - len(new),
        written=tuple(map(str, written)),
        entries=made.entries,
    )


def _files(made: Export, folder: Path, *, split: bool) -> dict[str, str]:
    """The manifests to write, by names that are free; none where no runner is left to declare."""
    if not made.entries:
        return {}
    texts = made.split() if split else {ENTRY_FILE: made.text}
    files: dict[str, str] = {}
    for wanted, text in texts.items():
        files[_free_name(folder, wanted, {*files, *texts} - {wanted})] = text
    return files


def _free_name(folder: Path, wanted: str, taken: Collection[str]) -> str:
    """`runners.yaml`; beside a file of that name, as an earlier export wrote it, `runners-2.yaml` and so on."""
    first = Path(wanted)
    names = chain((wanted,), (f"{first.stem}-{number}{first.suffix}" for number in count(2)))
    return next(name for name in names if name not in taken and not os.path.lexists(folder / name))


def _declared(
    selection: Selection, ports: Ports, project: Project, live: tuple[LiveRunner, ...], out: str | None
) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of the live runners that manifests declare already, and the keys of all entries."""
    paths = [path for each in project.manifests if (path := project.folder / each).exists()]
    if out is not None and (folder := Path(out).absolute()).is_dir():
        above = {folder.resolve(), *folder.resolve().parents}
        paths += [] if above & {path.resolve() for path in paths} else [folder]
    if not paths:
        return frozenset(), frozenset()
    everything = replace(selection, paths=tuple(map(str, paths)), targets=(), allow_empty=True)
    desired = compile_selected(everything, project, ports, secrets=None)
    pairs = match(desired.runners, live).pairs
    declared = frozenset(pair.live.id for pair in pairs if pair.live is not None)
    return declared, frozenset(pair.desired.key for pair in pairs)


def write_export(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write manifests into a folder, each below its name; overwrites nothing. Raises ReconcilerError before the first.

    Returns the paths.
    """
    paths = {folder / name: text for name, text in files.items()}
    there = [str(path) for path in paths if os.path.lexists(path)]
    if there:
        raise _there(there)
    for path, text in paths.items():
        try:
            create_file(path, _schema_line(path) + text)
        except FileExistsError as exc:
            raise _there([str(path)]) from exc
    return list(paths)


def _there(paths: list[str]) -> ReconcilerError:
    names = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")  # noqa: PLR2004 - a few
    verb = "is" if len(paths) == 1 else "are"
    return ReconcilerError(f"{names} {verb} there already, and export overwrites nothing; move it away first")


def _schema_line(path: Path) -> str:
    """The comment that names editors the nearest schema in the folders above a file, where there is one."""
    found = next((each / SCHEMA for each in (Path.cwd() / path).parents if (each / SCHEMA).is_file()), None)
    if found is None:
        return ""
    seen = os.path.relpath(found, path.parent)
    return f"# yaml-language-server: $schema={seen if seen.startswith('..') else f'./{seen}'}\n"
