"""The HTML report in a real browser: it renders, filters, loads nothing, and can be read by everybody."""

from __future__ import annotations

import dataclasses

import pytest

from reconciler.model.plan import Capacity, UnmanagedRunner
from reconciler.render.views import html_page
from tests.fakes import sample_plans as sample
from tests.fakes.browser import launched
from tests.fakes.hostile import HOSTILE
from tests.fakes.runners import make_change

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium():
    """One headless browser for all tests of this file."""
    with launched() as browser:
        yield browser


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a page from a file; at the end it must have said nothing on the console and asked for nothing else."""
    said, asked, contexts = [], [], []

    def open_page(source, *, scheme="light", width=1200):
        file = tmp_path / "report.html"
        file.write_text(source, encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert len(asked) == len(contexts), asked


def fleet():
    """A plan with one of everything and a few more updates."""
    plan = sample.everything()
    more = [
        sample.action(
            key=f"pool-{n}",
            changes=(sample.tags(("gpu", "sdxl"), ("gpu",)),),
            requests=(sample.request(body=sample.body(tags=("gpu",))),),
        )
        for n in range(3)
    ]
    return dataclasses.replace(plan, actions=(*plan.actions, *more), capacity=(Capacity(("gpu", "sdxl"), 3, 0),))


def visible(page, selector):
    """How many elements are to be seen."""
    return page.locator(f"{selector}:visible").count()


def test_it_filters_by_action_tag_and_text(opened):
    """Each filter narrows runners and table rows alike, together with the others, and says how many are left."""
    page = opened(html_page.render_plan(fleet()))
    assert (visible(page, "[data-member]"), visible(page, "tbody tr[data-runner]")) == (7, 7)
    page.get_by_label("Action").select_option("update")
    assert (visible(page, "[data-member]"), visible(page, "tbody tr[data-runner]")) == (5, 5)
    page.locator("#by-tag").select_option(label="sdxl")
    assert page.locator("#shown").inner_text() == "4 of 7 runners"
    page.get_by_label("Text").fill("production POOL-")
    assert visible(page, "[data-member]") == 0
    assert visible(page, "article") == 0
    assert page.locator("#nothing").is_visible()
    page.get_by_label("Text").fill("pool-1")
    assert page.locator("[data-member]:visible").text_content() == "pool-1"
    assert page.locator("article:visible h3").text_content().split() == ["~", "3", "runners"]
    page.get_by_label("Text").fill("")
    page.locator("#by-tag").select_option(label="all")
    page.get_by_label("Action").select_option("turns off")
    assert page.locator("#shown").inner_text() == "2 of 7 runners"
    page.get_by_label("Action").select_option("all")
    assert page.locator("#shown").inner_text() == "7 runners"


def test_enter_in_the_filter_leaves_the_page(opened):
    """The form sends nothing."""
    page = opened(html_page.render_plan(fleet()))
    page.get_by_label("Text").fill("pool-")
    page.get_by_label("Text").press("Enter")
    assert page.locator("#shown").inner_text() == "3 of 7 runners"


def test_the_table_leads_to_the_runner(opened):
    """A runner's name in the table of tags leads to its change."""
    page = opened(html_page.render_plan(fleet()))
    page.get_by_role("link", name="pool-2").click()
    assert page.url.endswith("#runner-6")


def test_gains_losses_and_strands_are_marked_by_shape(opened):
    """What the colours say, signs say too."""
    page = opened(html_page.render_plan(fleet()))
    rows = page.locator("tr[data-runner]")
    assert rows.nth(4).locator(".strands").inner_text().strip() == "▲ gpu+sdxl"
    assert page.locator("td.lost").first.inner_text() == "\u2212"
    assert page.locator("td.gained").first.inner_text() == "+"
    assert page.locator(".capacity .stranded").inner_text() == "gpu+sdxl 3 → 0 runners ▲ stranded"


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_no_width_needs_sideways_scrolling(opened, width):
    """On a phone as on a desk, only the table of tags scrolls sideways, inside its frame."""
    long = sample.action(
        key="k" * 100,
        name="n" * 100,
        changes=(
            make_change(field="endpoint", before="https://" + "a" * 300, after="b" * 300),
            sample.tags((), ("t" * 200,)),
        ),
    )
    plan = dataclasses.replace(fleet(), unmanaged=(UnmanagedRunner("i" * 80, "u" * 100),))
    page = opened(html_page.render_plan(dataclasses.replace(plan, actions=(*plan.actions, long))), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def problems(page):
    """What axe-core calls serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(("scheme", "page_color"), [("light", "rgb(250, 249, 247)"), ("dark", "rgb(20, 22, 26)")])
@pytest.mark.parametrize("width", [390, 1200])
def test_a_plan_keeps_nobody_out(opened, scheme, page_color, width):
    """axe-core finds no serious accessibility problem, light or dark, narrow or wide."""
    page = opened(html_page.render_plan(fleet()), scheme=scheme, width=width)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == page_color
    assert problems(page) == []


@pytest.mark.parametrize(
    "source",
    [
        html_page.render_plan(sample.plan(unchanged=6)),
        html_page.render_report(sample.report("applied", "failed", "stale"), sample.everything()),
        html_page.render_table("Runners", ["name", "status"], [["a", "active"]], ["1 runner."]),
        html_page.render_lines("Not done", ["first", "second"]),
    ],
    ids=["no changes", "report", "table", "lines"],
)
def test_other_pages_keep_nobody_out(opened, source):
    """The smaller pages share the plan's style, and are as accessible."""
    assert problems(opened(source, width=390)) == []


def test_it_prints_without_its_controls(opened):
    """On paper there is no filter, nothing is cut off by a frame, and ink is dark whatever the screen was."""
    page = opened(html_page.render_plan(fleet()), scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 33, 38)"
    assert not page.locator("#filters").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflow") == "visible"


def test_hostile_text_does_nothing_in_a_browser(opened):
    """No script runs, no element appears, nothing is asked for, whatever runners are called."""
    actions = tuple(
        sample.action(
            key=raw,
            name=raw + "x",
            changes=(make_change(field="name", before=raw, after=raw), sample.tags((raw,), (raw + "y",))),
        )
        for raw in HOSTILE
    )
    page = opened(html_page.render_plan(sample.plan(*actions, environment='"><img src=x onerror=alert(1)>')))
    assert visible(page, "article") == len(HOSTILE)
    assert page.locator("img, svg, iframe, article script, article a, b").count() == 0
    assert page.locator("script").count() == 1


def test_two_thousand_changes_open_and_filter(opened):
    """A large report is laid out and filtered; what is out of sight is left for when it is scrolled to."""
    actions = tuple(
        sample.action(
            key=f"runner-{n:04}",
            changes=(sample.tags(("gpu", f"pool-{n % 60}"), ("gpu", f"pool-{(n + 1) % 60}")),),
            requests=(sample.request(body=sample.body(tags=("gpu", f"pool-{(n + 1) % 60}"))),),
        )
        for n in range(2000)
    )
    page = opened(html_page.render_plan(sample.plan(*actions)))
    assert page.locator("#shown").inner_text() == "2000 runners"
    page.get_by_label("Text").fill("runner-1234")
    assert page.locator("#shown").inner_text() == "1 of 2000 runners"
    assert page.evaluate("getComputedStyle(document.querySelector('.runner')).contentVisibility") == "auto"
