"""The pipeline that `init` writes: the shipped component, its inputs filled in, once for each environment."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.settings import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPONENT: Final = "examples/gitlab/templates/reconcile.yml"
FILE: Final = ".gitlab-ci.yml"
_PATTERN: Final = re.compile(r"[\\*?\[\]{}]")
_INPUT: Final = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")
_WIDTH: Final = 74

_HEAD: Final = """\
# Plans runners in merge requests, applies them after the merge by hand, reports
# drift in scheduled pipelines. Before the first merge:
# - protect the environments that `apply` names (Settings, CI/CD, Protected
#   environments) or, where the tier has none, the default branch;
# - set the CI/CD variables (Settings, CI/CD, Variables):
#   {tokens}:
#     masked and protected, so that only the default branch gets it; merge
#     requests are then planned against a committed live.json, if there is one;
#   RECONCILER_HEADER_SECRETS, one NAME=VALUE a line for what manifests refer
#     to as ${{env:NAME}}: masked and protected. GitLab masks a variable as a
#     whole, not each value in it: for a value that must not show in a log
#     whatever prints it, make a variable RECONCILER_... of its own, masked too;
#   GITLAB_TOKEN, a project access token with scope api and role Reporter, for
#     notes and the drift issue: masked, and not protected.
---
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What it is written for. `prefix` is the project's folder below the root, empty at the root.

    `patterns` are the paths that it runs for; without `environments` there is one set of jobs. `names` ends the jobs of
    an environment, `tokens` has the variable of its token where the project file names one.
    """

    prefix: str
    patterns: tuple[str, ...]
    names: Mapping[str, str]
    tokens: Mapping[str, str]
    requirement: str
    image: str = "python:3.13"


def render_pipeline(pipeline: Pipeline, component: str) -> str:
    """Render the pipeline's YAML, from the component's own text."""
    jobs = component.partition("\n---\n")[2]
    tokens = list(dict.fromkeys([*pipeline.tokens.values()] or [TOKEN_VARIABLE]))
    if len(pipeline.tokens) < len(pipeline.names):
        tokens = list(dict.fromkeys([TOKEN_VARIABLE, *tokens]))
    sets = [_filled(jobs, _inputs(pipeline, each), pipeline) for each in pipeline.names or (None,)]
    return _HEAD.format(tokens=",\n#   ".join(tokens)) + "\n".join(sets)


def pattern(path: str) -> str:
    """Return a path as a pattern that matches it alone (Ruby's File.fnmatch, as rules:changes has it)."""
    return _PATTERN.sub(r"\\\g<0>", path)


def _inputs(pipeline: Pipeline, environment: str | None) -> dict[str, str]:
    return {
        "environment": environment or "",
        "suffix": f"-{pipeline.names[environment]}" if environment else "",
        "apply-environment": environment or "production",
        "working-directory": pipeline.prefix or ".",
        "token-env": pipeline.tokens.get(environment or "", TOKEN_VARIABLE),
        "live": "live.json",
        "image": pipeline.image,
    }


def _filled(jobs: str, inputs: Mapping[str, str], pipeline: Pipeline) -> str:
    jobs = jobs.replace('"$[[ inputs.requirement ]]"', _folded(pipeline.requirement, "      "))
    listed = "".join(f"\n        - {_scalar(each)}" for each in pipeline.patterns)
    jobs = jobs.replace(" $[[ inputs.changes ]]", listed)
    return _INPUT.sub(lambda found: _scalar(inputs[found[1]])[1:-1], jobs)


def _folded(text: str, indent: str) -> str:
    """A text of one line as a folded scalar, broken between words; of several lines, as a quoted one."""
    if not text.isprintable() or "  " in text or text != text.strip() or not text:
        return _scalar(text)
    lines: list[str] = []
    for word in text.replace("$", "$$").split(" "):
        if lines and len(lines[-1]) + len(word) < _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return ">-\n" + "\n".join(indent + line for line in lines)


def _scalar(text: str) -> str:
    """In double quotes; a dollar doubled, so that GitLab takes it for no variable."""
    return json.dumps(text, ensure_ascii=False).replace("$", "$$").replace("\x7f", "\\x7f")
