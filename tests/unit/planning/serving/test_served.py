"""Which tag sets are served now."""

from __future__ import annotations

from reconciler.planning.serving.served import served_sets
from tests.fakes.plans import live_runner


def test_a_set_is_served_by_all_that_carry_it():
    """A runner with more tags serves the smaller set as well; a disabled one serves nothing."""
    fleet = [
        live_runner(1, name="both", tags=("gpu", "sdxl")),
        live_runner(2, name="one", tags=("gpu",)),
        live_runner(3, name="off", tags=("gpu", "video"), status="disabled"),
    ]
    assert served_sets(fleet) == [(("gpu",), ["both", "one"]), (("gpu", "sdxl"), ["both"])]


def test_wildcards_come_last_as_the_empty_set():
    """They serve every set, and are told once."""
    fleet = [live_runner(1, name="any", tags=()), live_runner(2, name="one", tags=("gpu",))]
    assert served_sets(fleet) == [(("gpu",), ["one"]), ((), ["any"])]


def test_an_empty_fleet_serves_nothing():
    """No runner, no row."""
    assert served_sets([]) == []
