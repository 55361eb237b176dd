from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ManifestError
from reconciler.model.position import Position
from reconciler.planning.match import match
from tests.fakes.small_plans import entry, live, runner_id

ID_1, ID_2 = runner_id(1), runner_id(2)


def ways(desired, lives):
    """How each entry was matched, and to which number."""
    return [(pair.by, pair.live and int(pair.live.id[-12:])) for pair in match(desired, lives).pairs]


def problems(desired, lives):
    """The text of every problem."""
    with pytest.raises(ManifestError) as caught:
        match(desired, lives)
    return [str(problem) for problem in caught.value.problems]


def problem(desired, lives):
    """The text of the only problem."""
    (text,) = problems(desired, lives)
    return text


def test_an_id_wins():
    """An entry with an id is that runner, whatever the names say."""
    assert ways([entry(2, id=ID_1)], [live(1), live(2)]) == [("id", 1)]


def test_an_id_in_capitals():
    """Ids are compared without regard to case."""
    capital = live(1, id="550E8400-e29b-41d4-a716-00000000000A")
    assert match([entry(1, id=capital.id.lower())], [capital]).pairs[0].live is capital
    assert match([entry(1, id=capital.id.lower())], [capital]).unmanaged == ()


def test_names_are_exact():
    """A name matches exactly, case included, or creates."""
    assert ways([entry(1)], [live(1)]) == [("name", 1)]
    assert ways([entry(1)], [live(1, name="GPU-1")]) == [("none", None)]
    assert ways([entry(1)], [live(1, name="gpu-1 ")]) == [("none", None)]


def test_a_former_name_comes_second():
    """The former name adopts only where nothing has the name."""
    wanted = entry(1, name="new", former_name="old")
    assert ways([wanted], [live(1, name="old")]) == [("former_name", 1)]
    assert ways([wanted], [live(1, name="old"), live(2, name="new")]) == [("name", 2)]
    assert ways([wanted], [live(1, name="other")]) == [("none", None)]


def test_names_skip_what_an_id_claims():
    """A live runner that an id claims is nobody's by name, so a name that is shared with it is no ambiguity."""
    lives = [live(1, name="same"), live(2, name="same")]
    assert ways([entry(1, id=ID_1), entry(2, name="same")], lives) == [("id", 1), ("name", 2)]
    assert ways([entry(1, id=ID_1), entry(2, name="same")], lives[:1]) == [("id", 1), ("none", None)]


def test_unmanaged_runners():
    """What no entry matches is unmanaged, in the order of the list."""
    assert [runner.id for runner in match([entry(2)], [live(3), live(2), live(1)]).unmanaged] == [runner_id(3), ID_1]


def test_an_unmanaged_name_matches_too():
    """A name that the manifest does not own still finds its runner."""
    assert ways([entry(1, unmanaged=frozenset({"name"}))], [live(1)]) == [("name", 1)]


def test_an_id_that_is_not_there():
    """An id without its runner is a problem at the id, and says what to do."""
    wanted = entry(1, id=ID_2, field_at={"id": Position("runners.yaml", 4, 9)})
    assert problem([wanted], []) == (
        f"runners.yaml:4:9: runners.gpu-1.id: this account has no runner with the id {ID_2}; correct the id, or "
        "remove it to match by name, which creates the runner where no live one has the name"
    )
    assert f"a live runner named 'gpu-1' has the id {ID_1}" in problems([wanted], [live(1)])[0]


def test_several_of_one_name():
    """Several live runners of the name are a problem that lists their ids; so with the former name."""
    lives = [live(2, name="same"), live(1, name="same")]
    named, formerly = entry(1, name="same"), entry(1, name="new", former_name="same")
    assert problem([named], lives) == (
        "runners.yaml:1:3: runners.gpu-1.name: 2 live runners are named 'same'; add the id of the one that is "
        f"meant: {ID_1}, {ID_2}"
    )
    assert "runners.gpu-1.former_name: 2 live runners are named 'same'" in problems([formerly], lives)[0]


def test_two_entries_of_one_name():
    """Two entries without id of one name are a problem, told once, whether or not the runner exists."""
    twins = [entry(1), entry(2, name="gpu-1")]
    for lives in ([], [live(1)]):
        assert problem(twins, lives) == (
            "runners.yaml:2:3: runners.gpu-2.name: the entry gpu-1 at runners.yaml:1:3 has the name 'gpu-1' too; give "
            "one of them another name, or the id of its runner"
        )


def test_an_id_tells_entries_of_one_name_apart():
    """Entries may share a name where all but one have an id, for the service does not promise that names differ."""
    twins = [entry(1, id=ID_1, name="same"), entry(2, id=ID_2, name="same"), entry(3, name="same")]
    assert ways(twins, [live(1), live(2)]) == [("id", 1), ("id", 2), ("none", None)]
    assert ways(twins[::-1], [live(1), live(2)]) == [("none", None), ("id", 2), ("id", 1)]


def test_two_entries_of_one_runner():
    """Two entries that are one live runner are a problem that names both places."""
    by_id = [entry(1, id=ID_1), entry(2, id=ID_1)]
    assert problem(by_id, [live(1)]) == (
        f"runners.yaml:2:3: runners.gpu-2.id: the entry gpu-1 at runners.yaml:1:3 is the live runner 'gpu-1' ({ID_1}) "
        "too, by its id; remove one of the entries, or give each the id of its own runner"
    )
    renamed = [entry(1), entry(2, former_name="gpu-1")]
    assert (
        "runners.gpu-2.former_name: the entry gpu-1 at runners.yaml:1:3 is the live" in problems(renamed, [live(1)])[0]
    )


def test_every_problem_is_told():
    """All problems come in one error, sorted by place."""
    wanted = [entry(3, id=runner_id(9)), entry(2, name="same"), entry(1, id=runner_id(8))]
    found = problems(wanted, [live(4, name="same"), live(5, name="same")])
    assert [problem.partition(":")[2][0] for problem in found] == ["1", "2", "3"]


@pytest.mark.parametrize("count", [2, 3])
def test_names_that_change_places_need_ids(count):
    """By name each entry would be matched to another one's runner: refused, with the id of each."""
    lives = [live(number) for number in range(count)]
    entries = [
        entry(number, name=f"gpu-{(number + 1) % count}", former_name=f"gpu-{number}") for number in range(count)
    ]
    with pytest.raises(ManifestError) as caught:
        match(entries, lives)
    assert len(caught.value.problems) == count
    for number, problem in enumerate(caught.value.problems):
        assert problem.message.startswith(f"runners.gpu-{number}.former_name: names change places between ")
        assert f"add id: {lives[number].id} to this entry" in problem.message
    by_id = [replace(one, id=lives[number].id) for number, one in enumerate(entries)]
    assert [pair.live for pair in match(by_id, lives).pairs] == lives


def test_a_name_that_moved_on_is_no_swap():
    """A former name left behind is fine, also where another entry has taken the old name since."""
    lives = [live(1, name="new"), live(2, name="old")]
    entries = [entry(1, name="new", former_name="old"), entry(2, name="old")]
    assert [pair.by for pair in match(entries, lives).pairs] == ["name", "name"]
    entries = [entry(1, name="new", former_name="new"), entry(2, name="old")]
    assert [pair.by for pair in match(entries, lives).pairs] == ["name", "name"]
