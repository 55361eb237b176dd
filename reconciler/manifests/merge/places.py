"""Places of the keys of merged layers, looked up only when asked for: few of a large fleet's are ever shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.model.position import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifests.yaml.nodes import Place


class Places(Mapping[str, Position]):
    """The place of each key of a mapping in `file`, and below it those of the layers it lies over."""

    __slots__ = ("_below", "_file", "_key_at")

    def __init__(self, file: str, key_at: Mapping[str, Place], below: Mapping[str, Position] | None = None) -> None:
        self._file = file
        self._key_at = key_at
        self._below = below

    def over(self, below: Mapping[str, Position]) -> Places:
        """These places laid over others."""
        return Places(self._file, self._key_at, below)

    def __getitem__(self, key: str) -> Position:
        if key in self._key_at:
            return Position(self._file, *self._key_at[key])
        if self._below is None:
            raise KeyError(key)
        return self._below[key]

    def __contains__(self, key: object) -> bool:
        return key in self._key_at or (self._below is not None and key in self._below)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._key_at, *(self._below or ()))))

    def __len__(self) -> int:
        return sum(1 for _ in self)
