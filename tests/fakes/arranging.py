"""A fleet's writes as they are arranged, to be simulated against all that must hold throughout."""

from __future__ import annotations

from reconciler.model.policy import Promise
from reconciler.planning.ordering.arrange import arrange
from tests.fakes.fleet_simulator import Simulation, Write, required
from tests.fakes.fleets import PLACE, actions_for

TAGS = "abcd"


def simulate(servings, promises, *, two_phase=True, **limits):
    """What is arranged, its simulation, and what must hold throughout."""
    asked = [Promise(tuple(sorted(tags)), least, PLACE) for tags, least in promises]
    arranged = arrange(actions_for(servings), servings, asked, two_phase=two_phase, **limits)
    after = {serving.key: serving.after for serving in servings}
    gates = [frozenset(gate.keys) for gate in arranged.gates]
    writes = []
    for action in arranged.actions:
        for number, request in enumerate(action.requests):
            last = number == len(action.requests) - 1
            brought = after[action.key] if last else frozenset(request.body.spec.tags)
            waits = tuple((gates[wait.gate], wait.at_least) for wait in request.waits)
            writes.append(Write(action.key, number, brought, waits))
    before = {serving.key: serving.before for serving in servings}
    needs = required(list(before.values()), list(after.values()), TAGS, promises)
    return arranged, Simulation(before, writes), needs


def twice(arranged):
    """The keys of the runners that take two writes."""
    return [action.key for action in arranged.actions if len(action.requests) == 2]
