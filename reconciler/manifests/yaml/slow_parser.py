"""The parser for a PyYAML that was built without libyaml: the same events, from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable


class _Parser(Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def events(text: str) -> Callable[[], Any]:
    """Give what gives the next event of a YAML stream, None after the last. Raises yaml.YAMLError, at once or later."""
    return _Parser(text.removeprefix("\ufeff")).get_event
