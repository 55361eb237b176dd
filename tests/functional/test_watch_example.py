"""examples/watch: the steps of its README run as they are written, and its files fit what a watch exports."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from reconciler.model.watching import Mode
from reconciler.watch.board import Board
from reconciler.watch.status import Status
from reconciler.watch.web.metrics import render_metrics
from tests.fakes.clock import VirtualClock
from tests.unit.watch.web.test_app import CONTRACT

EXAMPLE = Path(__file__).parents[2] / "examples" / "watch"
NAME = re.compile(r"\breconciler_\w+")
SELECTOR = re.compile(r"(reconciler_\w+)\{([^}]*)\}")
GROUPING = re.compile(r"\bby \((\w+)\) \([^{]*?(reconciler_\w+)")


def exported():
    """The names that a watch exports, from its first moment on."""
    board = Board(Status(environment=None, api_url="", mode=Mode.REPORT), VirtualClock())
    families = text_string_to_metric_families(render_metrics([board])[0].decode())
    return {f"{each.name}_total" if each.type == "counter" else each.name for each in families}


def rules():
    """Every alert of the rule file."""
    found = yaml.safe_load((EXAMPLE / "rules.yml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def expressions():
    """Every expression of the rule file and of the dashboard."""
    panels = json.loads((EXAMPLE / "dashboard.json").read_text())["panels"]
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_what_is_exported(expression):
    """Metrics and labels are those of /metrics; brackets are balanced."""
    names = set(NAME.findall(expression))
    assert names
    assert names <= exported() & set(CONTRACT)
    for name, selector in SELECTOR.findall(expression):
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) <= CONTRACT[name] | {"environment"}
    for label, name in GROUPING.findall(expression):
        assert label in CONTRACT[name] | {"environment"}
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


def test_annotations_use_labels_that_are_there():
    """A label in a sentence is one of the metric that the alert is about."""
    for rule in rules():
        (name, *_) = NAME.findall(rule["expr"])
        used = {label for text in rule["annotations"].values() for label in re.findall(r"\$labels\.(\w+)", text)}
        assert used <= CONTRACT[name] | {"environment"}, rule["alert"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_valid_and_hardened(tmp_path):
    """The system takes it without a complaint, and rates its exposure as OK."""
    unit = (EXAMPLE / "reconciler-watch.service").read_text()
    file = tmp_path / "reconciler-watch.service"
    file.write_text(unit.replace("/usr/local/bin/reconciler", sys.executable))
    for arguments in (("verify",), ("security", "--offline=true", "--threshold=20")):
        ran = subprocess.run(
            ["systemd-analyze", *arguments, str(file)],  # noqa: S607 - from the PATH
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr.strip()) == (0, ""), ran.stdout


def test_the_unit_starts_a_command_that_is_there():
    """Its options are options of `watch`."""
    from reconciler.cli.commands.live.watch import command

    line = re.search(
        r"^ExecStart=(.*?[^\\])$", (EXAMPLE / "reconciler-watch.service").read_text(), re.DOTALL | re.MULTILINE
    )
    used = set(re.findall(r"--[\w-]+", line[1]))
    assert used <= {name for each in command.params for name in each.opts}


def free_port():
    """A port that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_steps_run_as_they_are_written(tmp_path):
    """Created, healed, changed by a commit, ended: each step of the README does what it says."""
    blocks = re.findall(r"```sh\n(.*?)```", (EXAMPLE / "README.md").read_text(), re.DOTALL)
    script = "set -e -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(blocks)
    script = script.replace("8787", free_port()).replace("9090", free_port())
    # A sandbox answers once it says where it is; whoever types has waited that long.
    script = script.replace(
        "sandbox.log 2>&1 &\n", "sandbox.log 2>&1 &\nuntil grep -q http sandbox.log; do sleep 0.1; done\n"
    )
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "reconciler").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    (tools / "reconciler").chmod(0o755)
    environ = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PYTHONPATH": str(EXAMPLE.parents[1]),
        "COLUMNS": "100",
    }
    ran = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - from the PATH
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("sdxl") >= 2
    assert "by-hand" not in ran.stdout
    assert (tmp_path / "watch.log").read_text().count("applied") == 3
