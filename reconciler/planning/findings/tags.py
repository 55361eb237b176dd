"""Findings about the tags of manifests: those that no workflow can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.finding import Raised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.runner import DesiredRunner


def unmatchable_tags(entries: Sequence[DesiredRunner]) -> Iterator[Raised]:
    """Find where a tag holds a comma or outer spaces, which a workflow's list of tags can't carry.

    A workflow sends its tags as one list separated by commas, and the blanks around each are cut (API: Create
    Workflow): `a,b` is asked for as `a` and `b`, ` a` as `a`.
    """
    usual: set[str] = set()
    for entry in entries:
        for tag in () if "tags" in entry.unmanaged else entry.tags or ():
            if tag in usual:
                continue
            if "," not in tag and tag == tag.strip():
                usual.add(tag)
                continue
            yield Raised(_message(tag), entry.key, entry.place("tags"))


def _message(tag: str) -> str:
    holds = []
    if "," in tag:
        holds.append("a comma")
    if tag != tag.lstrip():
        holds.append(f"{_blank(tag[0])} at its start")
    if tag != tag.rstrip():
        holds.append(f"{_blank(tag[-1])} at its end")
    sent = list(dict.fromkeys(part.strip() for part in tag.split(",") if part.strip()))
    can = " and ".join(f'"{part}"' for part in sent)
    change = f"it can send {can}; change the tag to {'these' if len(sent) > 1 else 'that'}"
    return (
        f'no workflow can ask for the tag "{tag}", which has {" and ".join(holds)}: a workflow sends its tags as one '
        f"list separated by commas, without blanks around each; {change if sent else 'remove the tag'}"
    )


def _blank(character: str) -> str:
    return "a space" if character == " " else f"a blank (U+{ord(character):04X})"
