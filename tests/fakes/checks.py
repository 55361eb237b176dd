"""A document by itself: read, before anything is expanded or merged."""

from __future__ import annotations

from reconciler.manifests.format.manifest import Manifest
from reconciler.manifests.format.parse import parse
from reconciler.manifests.format.project import ProjectFile


def check_manifest(node, file, problems):
    """Add what is wrong with a manifest's document."""
    parse(Manifest, node, file, problems)


def check_project(node, file, problems):
    """Add what is wrong with a project file."""
    parse(ProjectFile, node, file, problems)
