"""The garbage of the program that embeds us stays its own collector's business."""

from __future__ import annotations

import gc
import re
import weakref
from pathlib import Path

import pytest

import reconciler
from tests.fakes.manifest_tree import Tree

COMPILATIONS = 50


class Cyclic:
    """An object that only a collection can free."""

    def __init__(self):
        self.itself = self


@pytest.mark.parametrize("enabled", [True, False])
def test_a_host_s_garbage_is_freed_after_compilations(tmp_path, enabled):
    """Compiling freezes nothing: a cyclic object made before each of 50 compilations is freed by the next collection.

    Whether the collector is on, and its thresholds, stay as the host has set them.
    """
    tree = Tree(tmp_path).runners("r: {endpoint: 'http://r'}")
    before = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    try:
        (gc.enable if enabled else gc.disable)()
        alive = []
        for _ in range(COMPILATIONS):
            alive.append(weakref.ref(Cyclic()))
            tree.compile()
            assert gc.isenabled() == enabled
        gc.collect()
        assert sum(each() is not None for each in alive) == 0
    finally:
        (gc.enable if before[0] else gc.disable)()
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before


def test_only_the_process_s_own_module_sets_the_collector():
    """What `reconciler` sets for its short-lived process is no business of whoever imports the package."""
    package = Path(reconciler.__file__).parent
    using = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import gc\b|from gc )", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert using == {"__main__.py"}
