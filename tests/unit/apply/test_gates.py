"""Gates: what may be sent, what must wait, and what must not be sent any more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.gates import Gates, Step, served_by
from reconciler.model.plan import Gate, Wait

NARROW = Step(9, 0)


def gates_of(at_least, keys=("a", "b", "c"), planned=("a", "b", "c", "z")):
    """One gate for gpu, and one step that waits for it."""
    return Gates([Gate(("gpu",), keys)], planned, {NARROW: (Wait(0, at_least),)})


@pytest.mark.parametrize(("served", "clear"), [(("a",), False), (("a", "b"), True), (("a", "b", "c"), True)])
def test_a_step_waits_for_enough_runners(served, clear):
    """With two needed, one is too few, two are enough and three are too."""
    gates = gates_of(2)
    for key in served:
        gates.serve(key)
    assert gates.is_clear(NARROW) is clear


@pytest.mark.parametrize(
    ("lost", "doomed"), [((), False), (("a",), False), (("a", "b"), True), (("a", "b", "c"), True)]
)
def test_a_step_is_doomed_when_too_many_are_lost(lost, doomed):
    """With two of three needed, one may be lost and two may not."""
    gates = gates_of(2)
    told = [step for key in lost for step in gates.lose(key)]
    assert gates.is_doomed(NARROW) is doomed
    assert told == ([NARROW] if doomed else [])


def test_a_key_of_no_gate_changes_nothing():
    """Runners that no gate names neither open nor close one."""
    gates = gates_of(1)
    assert gates.serve("z") == gates.lose("z") == []
    assert not gates.is_clear(NARROW)


def test_none_needed_is_clear_and_too_many_needed_is_doomed_from_the_start():
    """A wait for nobody holds nothing up; one for more runners than are planned can't be met."""
    assert gates_of(0).is_clear(NARROW)
    assert gates_of(3).doomed == []
    assert gates_of(4).doomed == [NARROW]
    assert gates_of(1, planned=("z",)).doomed == [NARROW]
    assert gates_of(1, planned=("z",)).reason(NARROW).endswith("gpu stays served: no planned runner takes over")


def test_a_step_may_wait_for_several_gates():
    """It is clear when all of them are, and doomed when one of them is."""
    gates = Gates(
        [Gate(("x",), ("a",)), Gate(("y",), ("b",))], ("a", "b"), {NARROW: (Wait(0, 1), Wait(1, 1)), Step(8, 0): ()}
    )
    assert gates.is_clear(Step(8, 0))
    assert gates.serve("a") == []
    assert gates.serve("b") == [NARROW]
    again = Gates([Gate(("x",), ("a",)), Gate(("y",), ("b",))], ("a", "b"), {NARROW: (Wait(0, 1), Wait(1, 1))})
    assert again.lose("a") == [NARROW]
    assert again.lose("b") == []


def test_a_reason_names_the_set_and_who_did_not_take_over():
    """Up to five runners are named, more are counted."""
    keys = tuple("abcdefg")
    gates = gates_of(7, keys, keys)
    gates.lose("a")
    assert gates.reason(NARROW) == "held back so that gpu stays served: a did not take over"
    for key in keys[1:]:
        gates.lose(key)
    assert gates.reason(NARROW).endswith(": a, b, c, d, e and 2 more did not take over")


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Gate(("gpu", "sdxl"), ()), "gpu+sdxl"),
        (Gate((), (), wildcard=True), "any workflow"),
        (Gate((), ()), "a workflow without tags"),
    ],
)
def test_a_gate_in_words(gate, words):
    """Tag sets are joined, and the two sets without tags are told apart."""
    assert served_by(gate) == words


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_the_books_agree_with_counting(data):
    """Whatever is served and lost in whatever order, a step is clear or doomed exactly when counting says so."""
    keys = list("abcdef")
    gates = [Gate((str(n),), tuple(data.draw(st.sets(st.sampled_from(keys))))) for n in range(3)]
    waits = {
        Step(n, 0): tuple(Wait(gate, data.draw(st.integers(0, 4))) for gate in data.draw(st.sets(st.integers(0, 2))))
        for n in range(4)
    }
    books = Gates(gates, keys, waits)
    told = set()
    served, lost = set(), set()
    for key in data.draw(st.permutations(keys)):
        if data.draw(st.booleans()):
            served.add(key)
            told.update(books.serve(key))
        else:
            lost.add(key)
            told.update(books.lose(key))
        for step, each in waits.items():
            clear = all(len(served & set(gates[wait.gate].keys)) >= wait.at_least for wait in each)
            doomed = any(len(set(gates[wait.gate].keys) - lost) < wait.at_least for wait in each)
            assert books.is_clear(step) is clear
            assert books.is_doomed(step) is doomed
    assert set(books.doomed) <= told | {step for step in waits if books.is_doomed(step)}
