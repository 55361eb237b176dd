"""What a comment speaks for: the commit, the run, the environment and the project it was planned for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from reconciler.render.formats.sheet import code

_RECORD: Final = re.compile(
    r"<!-- reconciler:by:(?P<author>\S*) run:(?:(?P<id>[0-9]{1,20})\.(?P<attempt>[0-9]{1,6}))? at:(?P<at>\S*) -->",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a run takes place. `number` is the change request; None where there is none, or it is not known.

    `run` is (id, attempt), which grow with time on one forge: later runs have greater ones.
    """

    repository: str
    number: int | None = None
    commit: str | None = None
    commit_url: str | None = None
    run: tuple[int, int] | None = None
    run_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a comment says of itself, hidden: who wrote it, for which run, and when that planned."""

    author: str
    run: tuple[int, int] | None
    planned_at: str

    def is_newer_than(self, other: Record) -> bool:
        """Whether this is of a later run; by the time of the plan where a run is not known."""
        if self.run is not None and other.run is not None:
            return self.run > other.run
        return self.planned_at > other.planned_at

    def line(self) -> str:
        """As the second line of a body."""
        run = "" if self.run is None else f"{self.run[0]}.{self.run[1]}"
        return f"<!-- reconciler:by:{hidden(self.author)} run:{run} at:{hidden(self.planned_at)} -->"

    @classmethod
    def read(cls, body: str) -> Record | None:
        """From the second line of a body; None where there is none."""
        found = _RECORD.fullmatch(body.partition("\n")[2].partition("\n")[0].strip())
        if found is None:
            return None
        run = None if found["id"] is None else (int(found["id"]), int(found["attempt"]))
        return cls(author=unquote(found["author"]), run=run, planned_at=unquote(found["at"]))


def marker(kind: str, project: str | None, environment: str | None) -> str:
    """Make the hidden first line of what is ours: of one kind, for one project and one environment."""
    return f"<!-- reconciler:{kind}:{hidden(project or '')}:{hidden(environment or '')} -->"


def hidden(text: str) -> str:
    """Return a text for a hidden comment, which nothing in it can end."""
    return quote(text, safe="", errors="surrogatepass").replace("-", "%2D")


def provenance(context: Context, environment: str | None, project: str | None) -> str:
    """Return one line of Markdown that names commit, run, environment and project, as far as they are known."""
    parts = []
    if context.commit is not None:
        parts.append(
            f"commit {_linked(context.commit[:12] if context.commit_url else context.commit, context.commit_url)}"
        )
    if context.run is not None:
        identity, attempt = context.run
        parts.append(
            f"run {_linked(str(identity) if attempt == 1 else f'{identity}, attempt {attempt}', context.run_url)}"
        )
    if environment is not None:
        parts.append(f"environment {code(environment)}")
    if project is not None:
        parts.append(f"project {code(project)}")
    return f"Made for {', '.join(parts)}.\n" if parts else ""


def _linked(shown: str, url: str | None) -> str:
    return code(shown) if url is None else f"[{code(shown)}]({url})"
