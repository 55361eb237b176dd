"""Values of options: words from the environment, paths for shells to complete, counts, limits."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.options import option, unlisted
from reconciler.cli.values import Count, FileName, FileNames, FolderName, Limit, Words, acknowledgements, variables
from reconciler.errors import UsageProblem


def invoke(*words, env=None, **attributes):
    """What a command gets from its one option `--thing`."""

    @click.command()
    @option("--thing", **attributes)
    def command(thing):
        click.echo(repr(thing))

    return CliRunner().invoke(command, words, env=env)


@pytest.mark.parametrize(
    ("value", "words"),
    [("", "()"), ("a", "('a',)"), ("a b", "('a', 'b')"), ("'a b' c", "('a b', 'c')"), ("x=1 y=", "('x=1', 'y=')")],
)
def test_several_words_from_the_environment(value, words):
    """They are split as a shell would."""
    assert invoke(multiple=True, env={"RECONCILER_THING": value}).output == f"{words}\n"


def test_a_quote_that_does_not_end():
    """A usage error, not a crash."""
    ran = invoke(multiple=True, env={"RECONCILER_THING": "a 'b"})
    assert ran.exit_code == 2
    assert "can't be split into words: a quote in it is not closed" in ran.output


@pytest.mark.parametrize(
    ("parse", "texts", "value"),
    [
        (variables, (), {}),
        (variables, ("a=1", "b=", "c=x=y", "a=2"), {"a": "2", "b": "", "c": "x=y"}),
        (acknowledgements, ("coverage", "coverage:gpu-1"), ("coverage", "coverage:gpu-1")),
    ],
)
def test_texts_with_a_form(parse, texts, value):
    """`NAME=VALUE` is read, of one name the last; `CODE[:KEY]` is only checked."""
    assert parse(None, None, texts) == value


@pytest.mark.parametrize(
    ("parse", "text", "form"),
    [
        *((variables, text, "NAME=VALUE") for text in ("", "a", "=1")),
        *((acknowledgements, text, "CODE or CODE:KEY") for text in ("", ":", ":gpu-1", "coverage:")),
    ],
)
def test_texts_without_their_form(parse, text, form):
    """A usage error that shows the text and the form."""
    with pytest.raises(UsageProblem, match=f"{text!r}: write it as {form}"):
        parse(None, None, (text,))


@pytest.mark.parametrize(
    ("metavar", "several", "kind"), [("FILE", False, "file"), ("PATH", True, "file"), ("DIR", False, "dir")]
)
def test_shells_complete_paths(metavar, several, kind):
    """FILE and PATH are completed as files, DIR as folders."""

    @click.command()
    @option("--thing", metavar=metavar, multiple=several)
    def command(thing):
        """Nothing."""

    (parameter,) = command.params
    with click.Context(command) as ctx:
        (item,) = parameter.shell_complete(ctx, "ru")
    assert (item.type, item.value) == (kind, "ru")


@pytest.mark.parametrize("attributes", [{}, {"metavar": "FILE"}, {"metavar": "DIR"}, {"multiple": True}])
def test_an_empty_value_is_refused(attributes):
    """`--thing "$UNSET"` must not mean the default; an empty variable of the environment is none."""
    ran = invoke("--thing", "", **attributes)
    assert ran.exit_code == 2
    assert "it is empty; leave the option out" in ran.output
    assert invoke(env={"RECONCILER_THING": ""}, **attributes).exit_code == 0


@pytest.mark.parametrize("kind", [FileName, FileNames, FolderName])
def test_a_path_is_taken_as_it_is(kind):
    """Whether it exists is for the command to see."""
    assert kind().convert("no/such/path", None, None) == "no/such/path"


@pytest.mark.parametrize(
    ("given", "count"),
    [("0", 0), ("1", 1), ("2", 2), ("true", 1), ("YES", 1), ("on", 1), ("false", 0), ("off", 0), (" no ", 0)],
)
def test_counts_from_the_environment(given, count):
    """A number, or yes or no."""
    ran = invoke(count=True, type=Count(min=0), env={"RECONCILER_THING": given})
    assert ran.output == f"{count}\n"


@pytest.mark.parametrize("given", ["-1", "often", "1.5"])
def test_no_count(given):
    """Anything else is a usage error."""
    assert invoke(count=True, type=Count(min=0), env={"RECONCILER_THING": given}).exit_code == 2


@pytest.mark.parametrize("given", ["40/10", "1/0.5", " 5/60 "])
def test_limits(given):
    """N/SECONDS goes through as it is written."""
    assert Limit().convert(given, None, None) == given


@pytest.mark.parametrize("given", ["", "40", "0/10", "40/0", "a/b", "40/10/1"])
def test_no_limit(given):
    """Anything else says how to write it."""
    with pytest.raises(click.BadParameter, match="N/SECONDS, such as 40/10"):
        Limit().convert(given, None, None)


def test_unlisted_options_are_taken():
    """They work and are not in the help; the options before them stay there."""

    @click.command()
    @option("--seen", help="Seen.")
    @unlisted(option("--unseen", type=Words()))
    def command(seen, unseen):
        click.echo(f"{seen} {unseen}")

    runner = CliRunner()
    assert runner.invoke(command, ["--seen", "a", "--unseen", "b"]).output == "a b\n"
    shown = runner.invoke(command, ["--help"]).output
    assert "--seen" in shown
    assert "--unseen" not in shown
