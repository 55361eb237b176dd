"""A document by itself: read, before anything is expanded or merged."""

from __future__ import annotations

from reconciler.manifests.format.manifest import Manifest
from reconciler.manifests.format.parse import parse
from reconciler.manifests.format.project import ProjectFile
from reconciler.manifests.yaml.read import read_documents


def check_manifest(node, file, problems):
    """Add what is wrong with a manifest's document."""
    parse(Manifest, node, file, problems)


def check_project(node, file, problems):
    """Add what is wrong with a project file."""
    parse(ProjectFile, node, file, problems)


def problems_of(content, check):
    """What is wrong with a file, by place."""
    problems = []
    for document in read_documents(content, "m.yaml", problems):
        check(document, "m.yaml", problems)
    return sorted(set(problems))


def shown(problems):
    """Problems as `line:column: message`."""
    assert all(problem.at.file == "m.yaml" for problem in problems)
    return [f"{problem.at.line}:{problem.at.column}: {problem.message}" for problem in problems]


def shows_no_secret(content):
    """Whether no message about a file, as manifest or as project file, has a secret of it or spans lines."""
    found = [each.message for check in (check_manifest, check_project) for each in problems_of(content, check)]
    return all(each.isprintable() and "s3cr3t" not in each and "cfc_" not in each for each in found)
