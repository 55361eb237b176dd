"""The garbage of the program that embeds us stays its own collector's business."""

from __future__ import annotations

import gc
import weakref

import pytest

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
