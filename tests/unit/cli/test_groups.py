"""Options as a command gets them: in groups, by their kind."""

from __future__ import annotations

import inspect

import click
import pytest

from reconciler.cli.groups import Connection, HeaderSecrets, Output, Preview, grouped
from reconciler.cli.main import COMMANDS, Commands, cli
from reconciler.model.scope import ListScope, Scope, Writes

KINDS = {
    "choice": ListScope,
    "connection": Connection,
    "output": Output,
    "preview": Preview,
    "scope": Scope,
    "secrets": HeaderSecrets,
    "writes": Writes,
}


def test_what_a_kind_declares_comes_as_that_kind():
    """The rest keeps its name; what a command has no option for has the kind's default, or is not there."""

    @grouped(output=Output, scope=Scope)
    def command(first, /, **given):
        return first, given

    found = command(1, quiet=True, environment="one", other=2)
    assert found == (1, {"output": Output(quiet=True), "scope": {"environment": "one"}, "other": 2})


def test_a_kind_that_lacks_an_option_is_a_mistake():
    """A group without one of its options fails at once, and never is half of it."""
    with pytest.raises(TypeError, match="timeout_s"):
        grouped(connection=Connection)(lambda connection: connection)(
            api_url=None, insecure_http=False, sandbox=None, rate_limit=None
        )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_reaches_its_command(name):
    """Each is a parameter, or belongs to a group that is one; no parameter is left without an option."""
    command = Commands().get_command(cli.make_context("reconciler", ["schema", "plan"]), name)
    parameters = {each for each in inspect.signature(command.callback).parameters if each != "ctx"}
    kinds = {group: kind for group, kind in KINDS.items() if group in parameters}
    reached = parameters - kinds.keys()
    options = {each.name for each in command.params}
    for kind in kinds.values():
        assert options & kind.__annotations__.keys()
        reached |= options & kind.__annotations__.keys()
    assert options - {"help"} == reached
    assert isinstance(command, click.Command)
