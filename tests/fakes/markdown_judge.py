"""Reads Markdown as GitHub and GitLab do, tables and bare addresses included, and says what in it would act."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

OURS = re.compile(
    r"<details( open)?><summary>(?:[^<>]|<code>[^<>]*</code>)*</summary>\n?|</details>\n?", re.ASCII | re.DOTALL
)
REFERENCE = re.compile(
    r"(?<!\w)@\w|\w@\w|#\d|[!%&~][\w\"]|\^alert|\*iteration|\bgh-\d|\b[0-9a-f]{7,40}\b|:[\w+-]+:|\$\S|<!--|&(?:\w+|#\w+);",
    re.IGNORECASE,
)

QUICK_ACTION = re.compile(r"\s*/[a-z]", re.IGNORECASE)


def parser():
    """GitHub's dialect, with addresses linked more eagerly than GitHub does."""
    dialect = MarkdownIt("gfm-like", {"linkify": True, "html": True})
    dialect.linkify.set({"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": False})
    return dialect


def acts(source):
    """Everything in a Markdown text that is more than text, code and our own layout; empty when it is harmless."""
    found = ["hidden marker"] if "<!--" in source else []
    found += [f"quick action: {line}" for line in source.splitlines() if QUICK_ACTION.match(line)]
    for token in parser().parse(source):
        if token.type == "html_block" and not OURS.fullmatch(token.content):
            found.append(f"html: {token.content}")
        if token.type in ("blockquote_open", "code_block"):
            found.append(token.type)
        for child in token.children or ():
            if child.type in ("link_open", "image", "html_inline", "em_open", "s_open", "softbreak", "hardbreak"):
                found.append(f"{child.type}: {token.content}")
            elif child.type == "text" and REFERENCE.search(child.content):
                found.append(f"reference: {child.content}")
    return found


def count(source, kind):
    """How many tokens of one kind a text has."""
    return sum(token.type == kind for token in parser().parse(source))


def plain(source):
    """What a reader sees of one paragraph, code and all, without markup."""
    inline = next((token for token in parser().parse(source) if token.type == "inline"), None)
    return "".join(child.content for child in inline.children) if inline else ""
