"""An export is a manifest that a reader can check: what it holds shows, and reads back as it is."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.export import export_manifest
from reconciler.text.hidden import is_hidden
from tests.fakes.runners import make_live

VISIBLE_BREAK = "\n"
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)


@given(TEXT | st.sampled_from(["a\u3164", "\u034fx", "a\U000e0100", "no\u00a0break", "⚙\ufe0f", "bom\ufeff"]))
def test_hidden_characters_are_written_by_their_codes(name):
    """No line of the file holds one, and YAML reads the very name and tag back."""
    runner = make_live(
        id="550e8400-e29b-41d4-a716-446655440000",
        name=name,
        endpoint="https://a.example.com",
        headers={},
        tags=(name,),
        status="active",
    )
    text = export_manifest([runner], headers=False).text
    assert not is_hidden(text.replace(VISIBLE_BREAK, ""))
    ((key, entry),) = yaml.safe_load(text)["runners"].items()
    assert "name" in entry.get("unmanaged", ()) or entry.get("name", key) == name.replace("${", "$${")
    assert "tags" not in entry or entry["tags"] == [name.replace("${", "$${")]
