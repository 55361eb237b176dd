from __future__ import annotations

import pytest

from reconciler.model.position import Position
from tests.fakes.small_plans import codes, entry, live, plan, runner_id

HERE = "https://8.8.8.1:8188"


def raised(desired, lives, **fields):
    """(code, key) of the findings about endpoints."""
    about = ("possible-rename", "duplicate-endpoint", "briefly-active")
    return [(each.code, each.key) for each in plan(desired, lives, **fields).findings if each.code in about]


def test_a_create_at_the_endpoint_of_an_unmanaged_runner():
    """possible-rename: it says which runner has the endpoint and what to add to take it over."""
    made = plan([entry(2, endpoint="HTTPS://8.8.8.1:8188/")], [live(1, name='old "1"')])
    (finding,) = made.findings
    assert (finding.code, finding.severity, finding.key, finding.at) == (
        "possible-rename",
        "error",
        "gpu-2",
        Position("runners.yaml", 2, 3),
    )
    assert finding.message == (
        "it would be created, but a live runner that no entry matches has this endpoint already: "
        f"'old \"1\"' ({runner_id(1)}); to take over and rename instead, add id: {runner_id(1)} or "
        'former_name: "old \\"1\\"" to this entry'
    )


def test_a_former_name_that_several_have_is_no_advice():
    """Where several unmanaged runners have the name, only the id is told; where several have the endpoint, all are."""
    made = plan([entry(3, endpoint=HERE)], [live(1, name="old"), live(2, name="old")])
    assert "former_name" not in made.findings[0].message
    made = plan([entry(3, endpoint=HERE)], [live(1), live(2, endpoint=HERE)])
    assert "but 2 live runners that no entry matches have this endpoint already" in made.findings[0].message


def test_no_rename():
    """An update, another endpoint, or an endpoint of a runner that an entry matches is no possible rename."""
    assert raised([entry(2)], [live(1)]) == []
    assert raised([entry(2, endpoint=HERE)], [live(1), live(2)]) == [("duplicate-endpoint", "gpu-2")]
    assert raised([entry(1), entry(2, endpoint=HERE)], [live(1)]) == [("duplicate-endpoint", "gpu-2")]


def test_duplicate_endpoint():
    """Runners of one endpoint after the plan are one finding, at the first that is written; it names the others."""
    place = Position("runners.yaml", 7, 15)
    desired = [entry(1), entry(2, endpoint=HERE, field_at={"endpoint": place}), entry(3, endpoint=f"{HERE}/")]
    made = plan(desired, [live(1), live(2)])
    (finding,) = made.findings
    assert finding.at == place
    assert (finding.code, finding.severity, finding.key) == ("duplicate-endpoint", "warning", "gpu-2")
    assert finding.message == (
        "it has the endpoint of gpu-1, gpu-3: https://8.8.8.1:8188; one ComfyUI instance behind several runners gets "
        "the workflows of all of them"
    )


def test_duplicates_at_rest():
    """What is so already and is not written stays silent; so does a runner that moves away."""
    twins = [live(1), live(2, endpoint=HERE)]
    assert raised([entry(1), entry(2, endpoint=HERE)], twins) == []
    assert raised([entry(1)], twins) == []
    assert raised([entry(1), entry(2)], twins) == []
    assert raised([entry(1, tags=("x",))], twins) == [("duplicate-endpoint", "gpu-1")]


def test_a_rename_is_not_told_twice():
    """What possible-rename says of an unmanaged runner, duplicate-endpoint does not say again."""
    twins = [entry(2, endpoint=HERE), entry(3, endpoint=HERE)]
    assert raised(twins[:1], [live(1)]) == [("possible-rename", "gpu-2")]
    assert raised(twins, [live(1)]) == [
        ("possible-rename", "gpu-2"),
        ("possible-rename", "gpu-3"),
        ("duplicate-endpoint", "gpu-2"),
    ]


def test_retired_runners_are_not_judged():
    """A retired runner is no entry's: its endpoint is not looked at."""
    twins = [live(1), live(2, endpoint=HERE)]
    assert raised([], twins, unmanaged="disable", retire_unmanaged=("*",)) == []


def test_briefly_active():
    """A create that ends disabled is live until its second request; one that is active, or an update, is not told."""
    wanted = entry(1, status="disabled", field_at={"status": Position("runners.yaml", 8, 13)})
    made = plan([wanted], [])
    (finding,) = made.findings
    assert (finding.code, finding.severity, finding.key) == ("briefly-active", "warning", "gpu-1")
    assert finding.at == Position("runners.yaml", 8, 13)
    assert raised([entry(1)], []) == []
    assert raised([entry(1, status="disabled")], [live(1)]) == []


def test_a_target_is_judged_among_the_whole_fleet():
    """An entry that is not targeted stands at its live state."""
    desired = [entry(1, endpoint="https://8.8.8.2:8188"), entry(2, tags=("x",))]
    lives = [live(1), live(2)]
    assert raised(desired, lives, targets=("gpu-2",)) == []
    assert raised(desired, lives) == [("duplicate-endpoint", "gpu-1")]


PRIVATE = [
    *("http://192.168.1.100:8188", "http://10.1.2.3", "http://172.16.0.1", "http://127.0.0.1", "http://169.254.1.1/"),
    *("http://[::1]:8188", "http://[fe80::1]", "http://[fd00::1]", "http://[::ffff:10.0.0.1]", "http://0.0.0.0"),
    *("http://localhost:8188", "http://gpu", "https://gpu.local", "https://gpu.internal", "https://GPU.Local.:8188"),
    *("http://127.1", "http://10.1", "http://0x7f.1", "http://2130706433", "http://100.64.0.1", "http://a.localhost"),
]
PUBLIC = [
    *("https://comfy.example.com", "http://8.8.8.8:8188", "http://172.32.0.1", "https://[2606:4700::1111]"),
    *(
        "https://local.example.com",
        "https://internal.io",
        "https://192.168.1.100.example.com",
        "http://8.8",
        "http://198.51.100.1",
    ),
]


@pytest.mark.parametrize(
    ("endpoint", "raised"), [*((each, True) for each in PRIVATE), *((each, False) for each in PUBLIC)]
)
def test_a_private_endpoint(endpoint, raised):
    """private-endpoint: for what is created or updated, as info; a runner at rest stays silent."""
    place = Position("runners.yaml", 7, 5)
    wanted = entry(1, endpoint=endpoint, field_at={"endpoint": place})
    for lives in ([], [live(1)], [live(1, endpoint=endpoint, tags=("other",))]):
        found = [each for each in plan([wanted], lives).findings if each.code == "private-endpoint"]
        assert [(each.severity, each.key, each.at) for each in found] == [("info", "gpu-1", place)] * raised
    assert "private-endpoint" not in codes(plan([wanted], [live(1, endpoint=endpoint)]))


def test_private_endpoints_are_told_alike():
    """So that many of them are one block of text; and they refuse nothing."""
    made = plan([entry(each, endpoint=f"http://10.0.0.{each}") for each in (1, 2, 3)], [])
    assert len({each.message for each in made.findings if each.code == "private-endpoint"}) == 1
    assert made.applyable
