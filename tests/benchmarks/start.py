"""How soon a command begins: beside an interpreter that does nothing, and a client that sends one GET."""

from __future__ import annotations

from tests.benchmarks.installed import ask
from tests.benchmarks.measure import Row, in_turn
from tests.benchmarks.serving import served

LIST_COMMANDS = "from reconciler.cli.main import COMMANDS; print(*COMMANDS)"
ROUNDS = 11


def rows(bench):
    product = bench.product
    nothing = [product.python, "-c", "pass"]
    for words, at_most in (("--version", 2.0), ("--help", 5.0), ("completion bash", 5.0)):
        runs, floor = in_turn([product.command, *words.split()], nothing, rounds=ROUNDS)
        yield Row(f"`{words}`, beside `python -c pass`", runs, floor, at_most=at_most)
    commands = ask(product.python, "-c", LIST_COMMANDS).split()
    *helps, floor = in_turn(*([product.command, name, "--help"] for name in commands), nothing)
    slowest = max(range(len(commands)), key=lambda index: Row("", helps[index], floor).ratio)
    what = f"`--help` of {len(commands)} commands, the slowest: {commands[slowest]}"
    yield Row(what, helps[slowest], floor, at_most=5.0)
    runs, floor = in_turn([product.python, "-c", "import click"], nothing, rounds=ROUNDS)
    yield Row("click alone, for comparison", runs, floor)
    fleet = bench.fleet(1)
    with served("pages_server.py", fleet.pages) as url:
        least = [product.python, bench.floor("client"), f"{url}/v1/runner?page=1&per_page=100"]
        runs, floor = in_turn(bench.plan(fleet, url), least, rounds=ROUNDS)
    yield Row("`plan` of 1 runner, beside a client that sends one GET", runs, floor, at_most=1.6)
