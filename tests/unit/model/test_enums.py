"""The closed sets of words: one enum each, which documents hold as plain text."""

import enum
import json

import pytest

from reconciler.errors import PlanFileError
from reconciler.model import enums
from reconciler.planfile.document import plan_document
from reconciler.planfile.models import parse_document
from tests.fakes.sample_plans import action, plan

ENUMS = [each for each in vars(enums).values() if isinstance(each, type) and issubclass(each, enum.StrEnum)]


@pytest.mark.parametrize("words", [each for each in ENUMS if each is not enum.StrEnum])
def test_a_member_is_its_text(words):
    """In JSON, in a sentence and as a key of a document a member can't be told from the text that it stands for."""
    for word in words:
        assert json.dumps({word: word}) == json.dumps({word.value: word.value})
        assert f"{word}" == str(word) == word.value
        assert {word.value: 1}[word] == 1


@pytest.mark.parametrize("place", ["purpose", "origin"])
def test_a_word_of_a_later_release_is_refused_by_its_place(place):
    """A plan that holds a purpose or origin unknown to this release is no plan that it can show or apply."""
    document = json.loads(json.dumps(plan_document(plan(action()))))
    holder = document["actions"][0]["requests" if place == "purpose" else "changes"][0]
    holder[place] = "of-tomorrow"
    with pytest.raises(PlanFileError, match=rf"0\.{place} is none of those that this release knows"):
        parse_document(document, "later.plan")
