"""The garbage collector during a load."""

from __future__ import annotations

import gc

import pytest

from reconciler.manifests.collector import collector_paused


@pytest.fixture(autouse=True)
def collector():
    """Leave it as it was."""
    was_enabled = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if was_enabled else gc.disable)()


def test_the_collector_is_off_inside_and_on_after():
    """And what was built is out of its sight."""
    gc.enable()
    gc.unfreeze()
    with collector_paused():
        assert not gc.isenabled()
        built = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(built)


def test_the_collector_is_restored_when_the_load_fails():
    """An error in the block leaves it as it was, and freezes nothing."""
    gc.enable()
    gc.unfreeze()
    before = gc.get_freeze_count()
    with pytest.raises(ValueError, match="bad"), collector_paused():
        raise ValueError("bad")
    assert gc.isenabled()
    assert gc.get_freeze_count() == before


def test_a_collector_that_was_off_stays_off():
    """The block restores, it doesn't turn on."""
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


def test_blocks_may_be_nested():
    """The inner one ends nothing."""
    gc.enable()
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
