"""Bad documents and bad YAML: each with every message it gets, and where.

A case is the text of a file, then its problems as `line:column: message`, in the order of their places.
"""
# ruff: noqa: E501 - messages are whole, so that a search for one finds it

from __future__ import annotations

import pytest

from tests.fakes.checks import check_manifest, problems_of, shown, shows_no_secret

RUNNER = "version: 1\nrunners:\n  a:\n    endpoint: http://a:8188\n"

DOCUMENTS = {
    "a list as document": (
        "- a\n",
        "1:1: a document is a mapping that begins with `version: 1`, not a list",
    ),
    "text as document": (
        "hello\n",
        "1:1: a document is a mapping that begins with `version: 1`, not text",
    ),
    "a second document that is no mapping": (
        RUNNER + "---\n12\n",
        "6:1: a document is a mapping that begins with `version: 1`, not a number",
    ),
    "version missing": (
        "runners: {}\n",
        "1:1: version is missing; add it, such as `version: 1`",
    ),
    "version of the future": (
        "version: 2\n",
        "1:10: version: this release reads version 1, not 2",
    ),
    "version in quotes": (
        'version: "1"\n',
        "1:10: version: must be the number 1, without quotes; this is text",
    ),
    "version with a dot": (
        "version: 1.0\n",
        "1:10: version: must be the number 1, without quotes; this is a number",
    ),
    "version as a boolean": (
        "version: yes\n",
        "1:10: version: must be the number 1, without quotes; this is a boolean",
    ),
    "unknown key at the top": (
        "version: 1\nrunnrs: {}\n",
        "2:1: runnrs: unknown key; did you mean runners?",
    ),
    "a key of the project file": (
        "version: 1\nguard: {}\n",
        "2:1: guard: belongs in the project file (reconciler.yaml), not in a manifest",
    ),
    "the API's address": (
        "version: 1\napi_url: https://evil.example.com\n",
        "2:1: api_url: the API's address and token never belong in a file, where a pull request could send the token to another host; set COMFYCONTROL_API_URL and COMFYCONTROL_API_TOKEN in the environment",
    ),
    "runners as a list": (
        "version: 1\nrunners:\n  - name: a\n",
        "3:3: runners: must be a mapping; this is a list",
    ),
    "runners null": (
        "version: 1\nrunners:\n",
        "2:9: runners: is null; write {} if empty is meant, or take the key out",
    ),
    "every document is checked": (
        "version: 1\nrunner: {}\n---\nrunners: {}\n",
        "2:1: runner: unknown key; did you mean runners?",
        "4:1: version is missing; add it, such as `version: 1`",
    ),
    "tab as indentation": (
        "version: 1\nrunners:\n\ta: {}\n",
        "3:1: a tab in the indentation; YAML is indented with spaces",
    ),
    "tab after a value": (
        "version: 1\n\trunners: {}\n",
        "2:1: a tab in the indentation; YAML is indented with spaces",
    ),
    "quote never closed": (
        'version: 1\nrunners:\n  a: {endpoint: "http://a}\n',
        "3:17: this quote is never closed",
    ),
    "brackets never closed": (
        "version: 1\ndefaults:\n  tags: [a, b\nrunners: {}\n",
        "4:8: these […] aren't closed, or a text in them needs quotes, as ${…} does (begun at line 3)",
    ),
    "braces never closed": (
        "version: 1\ndefaults: {tags: [a]\n",
        "3:1: these {…} aren't closed, or a text in them needs quotes, as ${…} does (begun at line 2)",
    ),
    "marker in braces without quotes": (
        "version: 1\ndefaults: {endpoint: ${var:x}}\n",
        "2:23: these {…} aren't closed, or a text in them needs quotes, as ${…} does",
    ),
    "colon in unquoted text": (
        RUNNER + "    name: Pool: A\n",
        "5:15: a colon where no key can be: correct the indentation, or quote the text",
    ),
    "indentation that fits nothing": (
        "version: 1\nrunners:\n    a:\n      endpoint: http://a\n   b:\n      endpoint: http://b\n",
        "5:4: no key is here, or its indentation fits no line above (begun at line 1)",
    ),
    "key without colon": (
        RUNNER + "    status\n    name: b\n",
        "5:5: a key without its colon",
    ),
    "text that begins with @": (
        RUNNER + "    name: @gpu\n",
        "5:11: a text can't begin with @: put it in quotes",
    ),
    "text that begins with a backtick": (
        RUNNER + "    name: `gpu`\n",
        "5:11: a text can't begin with a backtick: put it in quotes",
    ),
    "text that begins with %": (
        RUNNER + "    name: %gpu\n",
        "5:11: a text can't begin with %: put it in quotes",
    ),
    "text that begins with *": (
        RUNNER + "    tags: [*.gpu]\n",
        "5:12: a text that begins with * or & needs quotes",
    ),
    "colon in brackets": (
        RUNNER + "    tags: [a: b: c]\n",
        "5:16: these […] aren't closed, or a text in them needs quotes, as ${…} does",
    ),
    "escape of half a character": (
        RUNNER + '    name: "\\ud800"\n',
        "5:14: an escape of a character that does not exist",
    ),
    "escape too short": (
        RUNNER + '    name: "\\x1"\n',
        "5:14: an escape with too few hexadecimal digits",
    ),
    "anchor without a name": (
        RUNNER + "    name: &\n",
        "5:11: a text that begins with * or & needs quotes",
    ),
    "two values at the top": (
        "'version': 1\n'b'\n",
        "2:1: a key without its colon",
    ),
    "a list within a mapping": (
        "version: 1\n- a\n",
        "2:1: no key is here, or its indentation fits no line above (begun at line 1)",
    ),
    "list item that fits nothing": (
        "version: 1\ndefaults:\n  tags:\n    - a\n   - b\n",
        "5:4: no key is here, or its indentation fits no line above (begun at line 3)",
    ),
    "missing value in brackets": (
        RUNNER + "    tags: [, a]\n",
        "5:12: a value is missing here, or a text needs quotes",
    ),
    "BOM in the middle": (
        RUNNER + "    ﻿name: a\n",
        "5:5: runners.a.'\\ufeffname': unknown key; did you mean name?",
    ),
    "unknown escape": (
        RUNNER + '    name: "C:\\gpu"\n',
        "5:14: an unknown escape after a backslash; in single quotes a backslash is just text",
    ),
    "unknown directive": (
        "%FOO bar\n---\nversion: 1\n",
        "1:5: an unknown % line; quote the text if it really begins with %",
    ),
    "YAML 2": (
        "%YAML 2.0\n---\nversion: 1\n",
        "1:1: a YAML version that can't be read; take the %YAML line out",
    ),
    "undeclared tag handle": (
        RUNNER + "    name: !e!x a\n",
        "5:11: a custom tag is not taken here; quote the text if it really begins with !",
    ),
    "Latin-1": (
        RUNNER.encode() + b"    name: caf\xe9\n",
        "5:14: byte 0xE9 at offset 66 is no UTF-8; save the file as UTF-8",
    ),
    "UTF-16": (
        RUNNER.encode("utf-16"),
        "1:1: this file is UTF-16; save it as UTF-8",
    ),
    "NUL": (
        RUNNER.encode() + b"    name: a\0b\n",
        "5:12: a control character (U+0000) is not allowed; take it out",
    ),
    "control character": (
        RUNNER + "    name: a\x07b\n",
        "5:12: a control character (U+0007) is not allowed; take it out",
    ),
    "control character, escaped": (
        RUNNER + '    name: "a\\ab"\n',
        "5:11: runners.a.name: holds a control character (U+0007); take it out",
    ),
    "line break in a text": (
        RUNNER + '    name: "a\\nb"\n',
        "5:11: runners.a.name: holds a line break; write it on one line, or begin the block with >- or |-",
    ),
    "line break at the end of a block": (
        RUNNER + "    name: |\n      a\n",
        "5:11: runners.a.name: holds a line break; write it on one line, or begin the block with >- or |-",
    ),
    "tab within a text": (
        RUNNER + "    name: a\tb\n",
        "5:11: runners.a.name: holds a control character (U+0009); take it out",
    ),
    "control character in a key": (
        RUNNER + '    headers: {"X\\0": a}\n',
        "5:15: runners.a.headers: holds a control character (U+0000); take it out",
    ),
    "hidden line break (NEL)": (
        RUNNER + "    name: a\x85    status: disabled\n",
        "5:12: a line break (U+0085) that most editors don't show; end lines with LF or CRLF",
    ),
    "hidden line break (LS)": (
        RUNNER + "    name: a\u2028    status: disabled\n",
        "5:12: a line break (U+2028) that most editors don't show; end lines with LF or CRLF",
    ),
    "lone carriage return": (
        RUNNER + "    name: a\r    status: disabled\n",
        "5:12: a line break (U+000D) that most editors don't show; end lines with LF or CRLF",
    ),
    "duplicate key": (
        RUNNER + "    name: x\n    endpoint: http://b:8188\n",
        "6:5: runners.a.endpoint: duplicate key, first at line 4; keep one of them",
    ),
    "duplicate runner": (
        RUNNER + "  a:\n    endpoint: http://b:8188\n",
        "5:3: runners.a: duplicate key, first at line 3; keep one of them",
    ),
    "duplicate merge key": (
        "version: 1\ndefaults: &d {status: active}\nrunners:\n  a:\n    <<: *d\n    <<: {endpoint: http://a}\n",
        "6:5: runners.a.'<<': duplicate key, first at line 5; merge several mappings with one list: <<: [*a, *b]",
    ),
    "number as runner's key": (
        "version: 1\nrunners:\n  007:\n    endpoint: http://a\n",
        "3:3: runners.007: this key is a number to YAML 1.1; put it in quotes",
    ),
    "boolean as runner's key": (
        "version: 1\nrunners:\n  on:\n    endpoint: http://a\n",
        "3:3: runners.on: this key is a boolean to YAML 1.1; put it in quotes",
    ),
    "date as profile's name": (
        "version: 1\nprofiles:\n  2024-01-01: {}\n",
        "3:3: profiles.2024-01-01: this key is a date to YAML 1.1; put it in quotes",
    ),
    "null as key": (
        "version: 1\nrunners:\n  ~: {endpoint: http://a}\n",
        "3:3: runners.'~': this key is null to YAML 1.1; put it in quotes",
    ),
    "list as key": (
        "version: 1\nrunners:\n  [a, b]: {endpoint: http://a}\n",
        "3:3: runners: a list where a key should be; quote it if it is a text that begins with { or [",
    ),
    "template braces": (
        RUNNER + "    name: {{ pool }}\n",
        "5:11: runners.a.name: must be text; this is a mapping",
        "5:12: runners.a.name: a mapping where a key should be; quote it if it is a text that begins with { or [",
    ),
    "runner's key with a space": (
        "version: 1\nrunners:\n  gpu 1: {endpoint: http://a}\n",
        "3:3: runners.'gpu 1': a key has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit",
    ),
    "runner's key that begins with a dash": (
        "version: 1\nrunners:\n  -a: {endpoint: http://a}\n",
        "3:3: runners.'-a': a key has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit",
    ),
    "runner's key of 101 characters": (
        "version: 1\nrunners:\n  " + "k" * 101 + ": {endpoint: http://a}\n",
        "3:3: runners.'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…': a key has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit",
    ),
    "custom tag": (
        RUNNER + "    name: !gpu a\n",
        "5:11: runners.a.name: a custom tag is not taken here; leave it out, or quote the text if it really begins with !",
    ),
    "Python object": (
        RUNNER + "    name: !!python/object/apply:os.system [id]\n",
        "5:11: runners.a.name: the tag '!!python/object/apply:os.system' is not taken here; leave it out, or quote the text if it really begins with !",
    ),
    "binary": (
        RUNNER + "    name: !!binary aGk=\n",
        "5:11: runners.a.name: the tag '!!binary' is not taken here; leave it out, or quote the text if it really begins with !",
    ),
    "set": (
        RUNNER + "    tags: !!set {a, b}\n",
        "5:11: runners.a.tags: the tag '!!set' is not taken here; leave it out, or quote the text if it really begins with !",
    ),
    "a tag that its text belies": (
        RUNNER + "    wildcard: !!bool maybe\n",
        "5:15: runners.a.wildcard: this text is no bool; correct it, or leave the tag out",
    ),
    "alias without anchor": (
        RUNNER + "    tags: *common\n",
        "5:11: runners.a.tags: an alias without an anchor above it in this document; if the text really begins with *, quote it",
    ),
    "alias to an earlier document's anchor": (
        "version: 1\ndefaults: {tags: &t [a]}\n---\nversion: 1\ndefaults: {tags: *t}\n",
        "5:18: defaults.tags: an alias without an anchor above it in this document; if the text really begins with *, quote it",
    ),
    "recursive alias": (
        "version: 1\nprofiles: &p\n  a: *p\n",
        "3:6: profiles.a: an alias inside its own anchor, which would never end; take it out",
    ),
    "merge key with text": (
        RUNNER + "    <<: common\n",
        "5:9: runners.a.'<<': takes a mapping or a list of mappings to merge, not text",
    ),
    "nesting over 100 levels": (
        "version: 1\nrunners: " + "[" * 100 + "]" * 100 + "\n",
        "2:109: runners[0][0][0][0][0][0][0][0][0][0][0]…: nested more than 100 levels deep",
    ),
    "aliases over 100,000 nodes": (
        "version: 1\na: &a [" + "x," * 50 + "]\nb: &b [" + "*a," * 50 + "]\nc: &c [" + "*b," * 50 + "]\n",
        "4:122: c[38]: aliases that expand past 100,000 nodes in one file; share with defaults or profiles, or split the file",
    ),
}


@pytest.mark.parametrize("case", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_bad_document_gets_exactly_these_messages_at_these_places(case):
    """Every bad document is refused with a message that says what is wrong, what to do, and where."""
    content, *expected = case
    assert shown(problems_of(content, check_manifest)) == expected


@pytest.mark.parametrize("case", DOCUMENTS.values(), ids=DOCUMENTS)
def test_no_message_repeats_a_secret_or_spans_lines(case):
    """What may be a secret is never part of a message, and a message is one line."""
    assert shows_no_secret(case[0])


def test_the_table_is_large():
    """At least sixty ways to write a bad document are known."""
    assert len(DOCUMENTS) >= 60
