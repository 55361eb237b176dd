"""The registry of finding rules."""

from __future__ import annotations

from reconciler.model.enums import Severity
from reconciler.planning.findings.registry import CODES, MANIFEST_RULES, PLAN_RULES


def test_each_code_has_one_rule_and_a_default_severity():
    """A code is registered once; no rule is off by default."""
    rules = [*PLAN_RULES, *MANIFEST_RULES]
    assert [rule.code for rule in rules] == list(CODES)
    assert set(CODES.values()) <= set(Severity) - {Severity.OFF}


def test_each_rule_is_a_function_of_its_own():
    """No two codes share a function: what raises a code is found by its line."""
    rules = [*PLAN_RULES, *MANIFEST_RULES]
    assert len({rule.find for rule in rules}) == len(rules)
