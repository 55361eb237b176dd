"""What the values of options may look like, and how shells complete them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.shell_completion import CompletionItem

_YES_NO: Final = {"yes": 1, "true": 1, "on": 1, "y": 1, "t": 1, "no": 0, "false": 0, "off": 0, "n": 0, "f": 0}


class Text(click.ParamType[str]):
    """A string that is not empty: what a script passes from a variable that is not set is no choice of a default."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The same text. Raises BadParameter."""
        if value == "":
            self.fail("it is empty; leave the option out, or give it a value", param, ctx)
        return value


class Number(click.FloatRange):
    """A number within bounds. `nan`, which no bound refuses, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Raises BadParameter."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Words(Text):
    """A string; from the environment several are split as a shell would, so that `a="x y" b=z` holds two."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """The words of an environment variable's value. Raises BadParameter for a quote that does not end."""
        import shlex

        try:
            return shlex.split(rv)
        except ValueError as exc:
            message = f"{rv!r} can't be split into words: a quote in it is not closed, or it ends in a backslash"
            raise click.BadParameter(message) from exc


class FileName(Text):
    """A path as it is given, nothing about it checked; shells complete it."""

    name = "file"
    kind: ClassVar[str] = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Makes the shell look for paths itself."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(incomplete, type=self.kind)]


class FileNames(Words, FileName):
    """Several paths."""

    name = "file"


class FolderName(FileName):
    """The path of a folder."""

    name = "folder"
    kind: ClassVar[str] = "dir"


class Limit(click.ParamType[str]):
    """`N/SECONDS`, refused here when it is written otherwise, before any file is read."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The same text. Raises BadParameter."""
        from reconciler.errors import UsageProblem
        from reconciler.settings import RateLimit

        try:
            RateLimit.parse(value)
        except UsageProblem:
            self.fail(f"{value!r}: write it as N/SECONDS, such as 40/10", param, ctx)
        return value


class Count(click.IntRange):
    """How often a flag was given; the environment may also say yes or no."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The count. Raises BadParameter."""
        return super().convert(_YES_NO.get(str(value).strip().lower(), value), param, ctx)


def variables(_ctx: click.Context, _parameter: click.Parameter, texts: Iterable[str]) -> dict[str, str]:
    """`--var NAME=VALUE` by name; of one name the last. Raises UsageProblem."""
    from reconciler.errors import UsageProblem

    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageProblem(f"--var {text!r}: write it as NAME=VALUE")
        found[name] = value
    return found


def acknowledgements(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """The same texts, each CODE or CODE:KEY. Raises UsageProblem."""
    from reconciler.errors import UsageProblem

    for text in texts:
        code, colon, key = text.partition(":")
        if not code or (colon and not key):
            raise UsageProblem(f"--acknowledge {text!r}: write it as CODE or CODE:KEY")
    return texts
