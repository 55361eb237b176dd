"""Which entries `--target` picks: it limits what is written, never what is read or what findings see."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.errors import UsageProblem
from reconciler.text.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def targeted(keys: Collection[str], globs: Sequence[str]) -> frozenset[str]:
    """Return the keys that any of the globs matches (case counts); all of them where there is no glob.

    Raises UsageProblem for the globs that match no key.
    """
    if not globs:
        return frozenset(keys)
    picked: set[str] = set()
    wrong: list[str] = []
    for glob in globs:
        matched = [key for key in keys if fnmatchcase(key, glob)]
        picked.update(matched)
        if not matched:
            wrong.append(_no_entry(glob, keys))
    if wrong:
        raise UsageProblem("\n".join(wrong))
    return frozenset(picked)


def _no_entry(glob: str, keys: Collection[str]) -> str:
    near = nearest(glob, keys, most=len(keys))
    hint = f"; did you mean {near}?" if near else ""
    return f"--target {glob}: no runner of the manifests has such a key{hint}"
