"""Evaluates the expressions of a workflow file: `${{ }}` in text, and `if:` (GitHub Docs, Expressions)."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|'(?P<text>(?:[^']|'')*)'"
    r"|(?P<word>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)|(?P<mark>&&|\|\||==|!=|[!(),]))"
)
_STATUS = ("success", "failure", "cancelled", "always")
_NAMED = {"true": True, "false": False, "null": None}


def evaluate(expression, contexts, *, failed=False, cancelled=False):
    """The value of one expression. `contexts` holds github, inputs, secrets and the like as nested mappings."""
    return _Parser(expression, contexts, failed=failed, cancelled=cancelled).whole()


def holds(condition, contexts, *, failed=False, cancelled=False):
    """Whether an `if:` holds; without a status function it also asks that nothing has failed."""
    if condition is None:
        return not failed
    text = str(condition).strip()
    if text.startswith("${{") and text.endswith("}}"):
        text = text[3:-2]
    if not any(f"{name}()" in text for name in _STATUS) and (failed or cancelled):
        return False
    return truth(evaluate(text, contexts, failed=failed, cancelled=cancelled))


def expand(value, contexts):
    """A YAML value with every `${{ }}` in its texts replaced."""
    if isinstance(value, dict):
        return {key: expand(each, contexts) for key, each in value.items()}
    if isinstance(value, list):
        return [expand(each, contexts) for each in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: text_of(evaluate(found[1], contexts)), value)


def truth(value):
    """What counts as true: all but false, 0, the empty string and null."""
    return value not in (None, False, 0, "")


def text_of(value):
    """A value as text in a string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


class _Parser:
    def __init__(self, text, contexts, *, failed, cancelled):
        self.contexts, self.failed, self.was_cancelled = contexts, failed, cancelled
        self.tokens, at = [], 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            assert found, f"no expression: {text[at:]!r}"
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.at = 0

    def whole(self):
        value = self.either()
        assert self.at == len(self.tokens), f"left over: {self.tokens[self.at :]}"
        return value

    def take(self, *marks):
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "mark" and self.tokens[self.at][1] in marks:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value if truth(value) else other
        return value

    def both(self):
        value = self.equal()
        while self.take("&&"):
            other = self.equal()
            value = other if truth(value) else value
        return value

    def equal(self):
        value = self.one()
        while mark := self.take("==", "!="):
            other = self.one()
            same = _folded(value) == _folded(other)
            value = same if mark == "==" else not same
        return value

    def one(self):
        if self.take("!"):
            return not truth(self.one())
        if self.take("("):
            value = self.either()
            assert self.take(")")
            return value
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(text)
        if kind == "text":
            return text.replace("''", "'")
        if self.take("("):
            return self.call(text)
        return _NAMED[text] if text in _NAMED else self.look_up(text)

    def call(self, name):
        arguments = []
        while not self.take(")"):
            arguments.append(self.either())
            self.take(",")
        match name:
            case "format":
                return re.sub(r"\{(\d+)\}", lambda found: text_of(arguments[1 + int(found[1])]), arguments[0])
            case "toJSON":
                return json.dumps(arguments[0])
            case "cancelled":
                return self.was_cancelled
            case "failure":
                return self.failed
            case "success":
                return not self.failed and not self.was_cancelled
            case "always":
                return True
        raise AssertionError(f"no such function here: {name}")

    def look_up(self, path):
        context, *names = path.split(".")
        assert context in self.contexts, f"{path}: this context is not available here"
        value = self.contexts[context]
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _folded(value):
    """Texts are compared without case; null equals the empty text."""
    if value is None:
        return ""
    return value.lower() if isinstance(value, str) else value
