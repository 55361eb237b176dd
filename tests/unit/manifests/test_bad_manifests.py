"""Bad manifests and project files: each with every message it gets, and where.

A case is the text of a file, then its problems as `line:column: message`, in the order of their places.
"""
# ruff: noqa: E501 - messages stand whole, so that a search for one finds it

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.manifests.yaml.read import read_documents
from tests.fakes.checks import check_manifest, check_project

if TYPE_CHECKING:
    from reconciler.model.position import Problem

RUNNER = "version: 1\nrunners:\n  a:\n    endpoint: http://a:8188\n"

MANIFESTS = {
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
    "unknown key": (
        "version: 1\nrunners:\n  a:\n    endpont: http://a:8188\n",
        "4:5: runners.a.endpont: unknown key; did you mean endpoint?",
    ),
    "unknown key without a near one": (
        RUNNER + "    zzz: 1\n",
        "5:5: runners.a.zzz: unknown key; known are id, profiles, name, former_name, endpoint, tags, headers, status, wildcard, accept, unmanaged, inherit",
    ),
    "runner null": (
        "version: 1\nrunners:\n  a:\n",
        "3:5: runners.a: is null; write {} if empty is meant, or take the key out",
    ),
    "runner as text": (
        "version: 1\nrunners:\n  a: http://a:8188\n",
        "3:6: runners.a: must be a mapping; this is text",
    ),
    "a token in a runner": (
        RUNNER + "    token: cfc_abcdef\n",
        "5:5: runners.a.token: the API's address and token never belong in a file, where a pull request could send the token to another host; set COMFYCONTROL_API_URL and COMFYCONTROL_API_TOKEN in the environment",
    ),
    "name reads as a number": (
        RUNNER + "    name: 0123\n",
        "5:11: runners.a.name: YAML 1.1 reads 0123 as a number; put it in quotes",
    ),
    "name reads as a float": (
        RUNNER + "    name: 1.10\n",
        "5:11: runners.a.name: YAML 1.1 reads 1.10 as a number; put it in quotes",
    ),
    "name reads as a boolean": (
        RUNNER + "    name: yes\n",
        "5:11: runners.a.name: YAML 1.1 reads yes as a boolean; put it in quotes",
    ),
    "name reads as a date": (
        RUNNER + "    name: 2024-01-01\n",
        "5:11: runners.a.name: YAML 1.1 reads 2024-01-01 as a date; put it in quotes",
    ),
    "name reads as null": (
        RUNNER + "    name: ~\n",
        "5:11: runners.a.name: YAML 1.1 reads this as null; give a text, in quotes if need be, or take the key out",
    ),
    "name reads as base 60": (
        RUNNER + "    name: 12:30:45\n",
        "5:11: runners.a.name: YAML 1.1 reads 12:30:45 as a number; put it in quotes",
    ),
    "name reads as infinity": (
        RUNNER + "    name: .inf\n",
        "5:11: runners.a.name: YAML 1.1 reads .inf as a number; put it in quotes",
    ),
    "name is a merge key": (
        RUNNER + "    name: <<\n",
        "5:11: runners.a.name: YAML 1.1 reads << as a merge key; put it in quotes",
    ),
    "name empty": (
        RUNNER + '    name: ""\n',
        "5:11: runners.a.name: a name must not be empty",
    ),
    "name of spaces": (
        RUNNER + '    name: "  "\n',
        "5:11: runners.a.name: a name must not be empty",
    ),
    "name of 101 characters": (
        RUNNER + "    name: " + "ü" * 101 + "\n",
        "5:11: runners.a.name: 101 characters, a name may have at most 100",
    ),
    "former name empty": (
        RUNNER + "    former_name: ''\n",
        "5:18: runners.a.former_name: a name must not be empty",
    ),
    "id that is no UUID": (
        RUNNER + "    id: 550e8400\n",
        "5:9: runners.a.id: '550e8400' is no UUID, such as 550e8400-e29b-41d4-a716-446655440000",
    ),
    "id that is a number": (
        RUNNER + "    id: 5508400\n",
        "5:9: runners.a.id: YAML 1.1 reads 5508400 as a number; put it in quotes",
    ),
    "status unknown": (
        RUNNER + "    status: enabled\n",
        "5:13: runners.a.status: must be one of active, disabled, auto; not 'enabled'",
    ),
    "status in capitals": (
        RUNNER + "    status: Disabled\n",
        "5:13: runners.a.status: must be one of active, disabled, auto; not 'Disabled'",
    ),
    "status as a boolean": (
        RUNNER + "    status: off\n",
        "5:13: runners.a.status: must be one of active, disabled, auto; not 'off'",
    ),
    "wildcard in quotes": (
        RUNNER + '    wildcard: "true"\n',
        "5:15: runners.a.wildcard: must be true or false, without quotes; this is text",
    ),
    "inherit as text": (
        RUNNER + "    inherit: nope\n",
        "5:14: runners.a.inherit: must be true or false, without quotes; this is text",
    ),
    "tags as text": (
        RUNNER + "    tags: gpu\n",
        "5:11: runners.a.tags: must be a list; this is text",
    ),
    "tags null": (
        RUNNER + "    tags:\n",
        "5:10: runners.a.tags: is null; write [] if empty is meant, or take the key out",
    ),
    "tag that is a number": (
        RUNNER + "    tags: [gpu, 4090]\n",
        "5:17: runners.a.tags[1]: YAML 1.1 reads 4090 as a number; put it in quotes",
    ),
    "tag empty": (
        RUNNER + '    tags: [gpu, ""]\n',
        "5:17: runners.a.tags[1]: a tag must not be empty",
    ),
    "tag that is a list": (
        RUNNER + "    tags:\n      - gpu\n      - [a, b]\n",
        "7:9: runners.a.tags[1]: must be text; this is a list",
    ),
    "eleven tags": (
        RUNNER + "    tags: [a, b, c, d, e, f, g, h, i, j, k]\n",
        "5:11: runners.a.tags: 11 tags, the API takes at most 10",
    ),
    "unmanaged field unknown": (
        RUNNER + "    unmanaged: [tag]\n",
        "5:17: runners.a.unmanaged[0]: must be one of name, endpoint, headers, tags, status; not 'tag'",
    ),
    "unmanaged as text": (
        RUNNER + "    unmanaged: status\n",
        "5:16: runners.a.unmanaged: must be a list; this is text",
    ),
    "profiles as text": (
        RUNNER + "    profiles: a100\n",
        "5:15: runners.a.profiles: must be a list; this is text",
    ),
    "headers as a list": (
        RUNNER + "    headers: [Authorization]\n",
        "5:14: runners.a.headers: must be a mapping; this is a list",
    ),
    "header that is a number, never shown": (
        RUNNER + "    headers:\n      X-Pin: 0123\n",
        "6:14: runners.a.headers.X-Pin: YAML 1.1 reads this as a number; put it in quotes",
    ),
    "header copied from where it is hidden": (
        RUNNER + "    headers: {Authorization: Bearer (sensitive)}\n",
        "5:30: runners.a.headers.Authorization: (sensitive) is what is shown in place of a value; write the value, or refer to it as ${env:…} or ${file:…}",
    ),
    "header that is a mapping": (
        RUNNER + "    headers:\n      Authorization: {a: b}\n",
        "6:22: runners.a.headers.Authorization: must be text; this is a mapping",
    ),
    "header name with a space": (
        RUNNER + "    headers: {X Pool: a}\n",
        "5:15: runners.a.headers.'X Pool': a header's name has only letters, digits and !#$%&'*+-.^_`|~",
    ),
    "header name with a colon": (
        RUNNER + '    headers: {"X-Pool:": a}\n',
        "5:15: runners.a.headers.'X-Pool:': a header's name has only letters, digits and !#$%&'*+-.^_`|~",
    ),
    "header names that differ in case": (
        RUNNER + "    headers:\n      X-Pool: a\n      Other: b\n      x-pool: c\n",
        "8:7: runners.a.headers.x-pool: differs from 'X-Pool' at line 6 only in case, and names are the same in any case; keep one of them",
    ),
    "header value that looks like a tag, never shown": (
        RUNNER + "    headers: {Authorization: !s3cr3t a}\n",
        "5:30: runners.a.headers.Authorization: a custom tag is not taken here; leave it out, or quote the text if it really begins with !",
    ),
    "header value that looks like an alias, never shown": (
        RUNNER + "    headers: {Authorization: *s3cr3t}\n",
        "5:30: runners.a.headers.Authorization: an alias without an anchor above it in this document; if the text really begins with *, quote it",
    ),
    "endpoint null": (
        "version: 1\nrunners:\n  a: {endpoint: }\n",
        "3:17: runners.a.endpoint: YAML 1.1 reads this as null; give a text, in quotes if need be, or take the key out",
    ),
    "endpoint without scheme": (
        "version: 1\nrunners:\n  a: {endpoint: 'a:8188'}\n",
        "3:17: runners.a.endpoint: must be an http or https URL, such as http://192.168.1.100:8188",
    ),
    "endpoint of another scheme": (
        "version: 1\nrunners:\n  a: {endpoint: 'ftp://a'}\n",
        "3:17: runners.a.endpoint: must be an http or https URL, such as http://192.168.1.100:8188",
    ),
    "endpoint without host": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://:8188'}\n",
        "3:17: runners.a.endpoint: has no host; an endpoint looks like http://192.168.1.100:8188",
    ),
    "endpoint with a password, never shown": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://u:s3cr3t@a'}\n",
        "3:17: runners.a.endpoint: holds a user or password, which plans would show; take it out and use a header",
    ),
    "endpoint with a space": (
        "version: 1\nrunners:\n  a: {endpoint: http://a/b c}\n",
        "3:17: runners.a.endpoint: holds a space or another character that no URL has; write it as %XX",
    ),
    "endpoint with port 0": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://a:0'}\n",
        "3:17: runners.a.endpoint: has a port that is not between 1 and 65535",
    ),
    "endpoint with port 65536": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://a:65536'}\n",
        "3:17: runners.a.endpoint: has a port that is not between 1 and 65535",
    ),
    "endpoint with a named port": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://a:http'}\n",
        "3:17: runners.a.endpoint: has a port that is no number, or an IPv6 address without its [ ]",
    ),
    "endpoint with half an IPv4 address": (
        "version: 1\nrunners:\n  a: {endpoint: http://192.168.1}\n",
        "3:17: runners.a.endpoint: has a host that is no IP address, though it looks like one",
    ),
    "endpoint with a bad IPv6 address": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://[::g]:1'}\n",
        "3:17: runners.a.endpoint: has a host that is no IP address, though it looks like one",
    ),
    "endpoint with a bare IPv6 address": (
        "version: 1\nrunners:\n  a: {endpoint: 'http://::1/'}\n",
        "3:17: runners.a.endpoint: has a port that is no number, or an IPv6 address without its [ ]",
    ),
    "endpoint with an empty label": (
        "version: 1\nrunners:\n  a: {endpoint: http://a..b}\n",
        "3:17: runners.a.endpoint: has a host that is no name: only letters, digits, dashes, underscores and single dots",
    ),
    "endpoint with a bad escape": (
        "version: 1\nrunners:\n  a: {endpoint: http://a/%zz}\n",
        "3:17: runners.a.endpoint: holds a % that two hexadecimal digits don't follow; a literal % is %25",
    ),
    "accept as a mapping": (
        RUNNER + "    accept: {code: coverage}\n",
        "5:13: runners.a.accept: must be a list; this is a mapping",
    ),
    "accept without reason and day": (
        RUNNER + "    accept:\n      - code: coverage\n",
        "6:9: runners.a.accept[0]: reason is missing; add it, such as `reason: moved to the new pool`",
        "6:9: runners.a.accept[0]: until is missing; add it, such as `until: 2026-12-31`",
    ),
    "accept of an unknown code": (
        RUNNER + "    accept: [{code: stranded-tag, reason: x, until: 2026-12-31}]\n",
        "5:21: runners.a.accept[0].code: 'stranded-tag' is unknown; did you mean stranded-tags?",
    ),
    "accept with an empty reason": (
        RUNNER + "    accept: [{code: coverage, reason: ' ', until: 2026-12-31}]\n",
        "5:39: runners.a.accept[0].reason: say why; a reason must not be empty",
    ),
    "accept until no day": (
        RUNNER + "    accept: [{code: coverage, reason: x, until: 2026-02-30}]\n",
        "5:49: runners.a.accept[0].until: '2026-02-30' is no calendar day, such as 2026-12-31",
    ),
    "accept until a time": (
        RUNNER + "    accept: [{code: coverage, reason: x, until: 2026-12-31 10:00:00}]\n",
        "5:49: runners.a.accept[0].until: a day has no time; write it like 2026-12-31",
    ),
    "accept until a list": (
        RUNNER + "    accept: [{code: coverage, reason: x, until: []}]\n",
        "5:49: runners.a.accept[0].until: must be a day such as 2026-12-31; this is a list",
    ),
    "accept until text": (
        RUNNER + "    accept: [{code: coverage, reason: x, until: soon}]\n",
        "5:49: runners.a.accept[0].until: 'soon' is no calendar day, such as 2026-12-31",
    ),
    "id in defaults": (
        "version: 1\ndefaults: {id: 550e8400-e29b-41d4-a716-446655440000}\n",
        "2:12: defaults.id: belongs to one runner, and can't be inherited; move it there",
    ),
    "name in a profile": (
        "version: 1\nprofiles: {p: {name: a}}\n",
        "2:16: profiles.p.name: belongs to one runner, and can't be inherited; move it there",
    ),
    "unmanaged in defaults": (
        "version: 1\ndefaults:\n  unmanaged: [status]\n",
        "3:3: defaults.unmanaged: belongs to one runner, and can't be inherited; move it there",
    ),
    "defaults as a list": (
        "version: 1\ndefaults: [tags]\n",
        "2:11: defaults: must be a mapping; this is a list",
    ),
    "a bad header in a merged anchor, once": (
        "version: 1\ndefaults: &d {headers: {X: 1}}\nrunners:\n  a: {<<: *d, endpoint: http://a}\n  b: {<<: *d, endpoint: http://b}\n",
        "2:28: defaults.headers.X: YAML 1.1 reads this as a number; put it in quotes",
    ),
}

PROJECTS = {
    "version missing": (
        "manifests: [runners]\n",
        "1:1: version is missing; add it, such as `version: 1`",
    ),
    "runners in the project file": (
        "version: 1\nrunners: {}\n",
        "2:1: runners: runners belong in a manifest, not in the project file",
    ),
    "a token": (
        "version: 1\ntoken: cfc_abc\n",
        "2:1: token: the API's address and token never belong in a file, where a pull request could send the token to another host; set COMFYCONTROL_API_URL and COMFYCONTROL_API_TOKEN in the environment",
    ),
    "the API's address in an environment": (
        "version: 1\nenvironments:\n  prod:\n    api_url: https://a.example\n",
        "4:5: environments.prod.api_url: the API's address and token never belong in a file, where a pull request could send the token to another host; set COMFYCONTROL_API_URL and COMFYCONTROL_API_TOKEN in the environment",
    ),
    "token_env at the top": (
        "version: 1\ntoken_env: COMFYCONTROL_X\n",
        "2:1: token_env: belongs to one environment; move it below environments, or set COMFYCONTROL_API_TOKEN",
    ),
    "token_env of another family": (
        "version: 1\nenvironments: {prod: {token_env: AWS_SECRET}}\n",
        "2:34: environments.prod.token_env: must begin with COMFYCONTROL_ and go on in capitals, digits and underscores; it names a variable, not a token",
    ),
    "unknown key": (
        "version: 1\nenviroments: {}\n",
        "2:1: enviroments: unknown key; did you mean environments?",
    ),
    "environment's name": (
        "version: 1\nenvironments: {'a b': {}}\n",
        "2:16: environments.'a b': a key has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit",
    ),
    "environment null": (
        "version: 1\nenvironments:\n  prod:\n",
        "3:8: environments.prod: is null; write {} if empty is meant, or take the key out",
    ),
    "manifests empty": (
        "version: 1\nmanifests: []\n",
        "2:12: manifests: must not be empty; take the key out instead",
    ),
    "manifests as text": (
        "version: 1\nmanifests: runners\n",
        "2:12: manifests: must be a list; this is text",
    ),
    "manifests with a marker": (
        "version: 1\nmanifests: ['${var:x}']\n",
        "2:13: manifests[0]: ${…} is not expanded here; write the text itself",
    ),
    "a variable that is a number": (
        "version: 1\nvars: {port: 8188}\n",
        "2:14: vars.port: YAML 1.1 reads 8188 as a number; put it in quotes",
    ),
    "a variable's name": (
        "version: 1\nvars: {my-domain: a}\n",
        "2:8: vars.my-domain: a variable's name has only letters, digits and underscores",
    ),
    "a secret within a variable": (
        "version: 1\nvars: {a: '${var:b}', c: '${file:x}'}\n",
        "2:26: vars.c: a variable is text and can't refer to a secret; put the reference into a header's value",
    ),
    "unmanaged unknown": (
        "version: 1\nunmanaged: delete\n",
        "2:12: unmanaged: must be one of report, ignore, disable; not 'delete'",
    ),
    "a negative limit": (
        "version: 1\nguard: {max_disables: -1}\n",
        "2:23: guard.max_disables: must be 0 or more",
    ),
    "a limit that is a fraction": (
        "version: 1\nguard: {max_changes: 0.5}\n",
        "2:22: guard.max_changes: must be a count or a percentage such as 50%; this is a number",
    ),
    "a percentage over 100": (
        "version: 1\nguard: {max_changes: 101%}\n",
        "2:22: guard.max_changes: '101%' is neither a count nor a percentage such as 50%",
    ),
    "a limit of words": (
        "version: 1\nguard: {max_changes: half}\n",
        "2:22: guard.max_changes: 'half' is neither a count nor a percentage such as 50%",
    ),
    "a limit as a boolean": (
        "version: 1\nguard: {max_creates: true}\n",
        "2:22: guard.max_creates: must be a count or a percentage such as 50%; this is a boolean",
    ),
    "a limit that is too large": (
        "version: 1\nguard: {max_creates: 1" + "0" * 80 + "}\n",
        "2:22: guard.max_creates: is no number of at most 64 digits",
    ),
    "an unknown limit": (
        "version: 1\nguard: {max_deletes: 1}\n",
        "2:9: guard.max_deletes: unknown key; did you mean max_creates?",
    ),
    "a severity's code": (
        "version: 1\nguard: {severity: {wildcard: error}}\n",
        "2:20: guard.severity.wildcard: unknown key; did you mean wildcard-runner?",
    ),
    "a severity's word": (
        "version: 1\nguard: {severity: {coverage: fatal}}\n",
        "2:30: guard.severity.coverage: must be one of error, warning, info, off; not 'fatal'",
    ),
    "a severity as a boolean": (
        "version: 1\nguard: {severity: {coverage: no}}\n",
        "2:30: guard.severity.coverage: must be one of error, warning, info, off; not 'no'",
    ),
    "a host with its scheme": (
        "version: 1\nguard: {endpoint_hosts: ['https://a.example']}\n",
        "2:26: guard.endpoint_hosts[0]: must be a host or a pattern such as *.example.com, without scheme, port or path",
    ),
    "a promise without tags": (
        "version: 1\ncoverage:\n  - min_active: 1\n",
        '3:5: coverage[0]: tags is missing; add it, such as `tags: ["production"]`',
    ),
    "a promise of fewer than none": (
        "version: 1\ncoverage: [{tags: [a], min_active: -1}]\n",
        "2:36: coverage[0].min_active: must be 0 or more",
    ),
    "a promise as text": (
        "version: 1\ncoverage: [production]\n",
        "2:12: coverage[0]: must be a mapping; this is text",
    ),
    "a public header's name": (
        "version: 1\npublic_headers: ['X Pool']\n",
        "2:18: public_headers[0]: a header's name has only letters, digits and !#$%&'*+-.^_`|~",
    ),
    "defaults with a name": (
        "version: 1\ndefaults: {name: a}\n",
        "2:12: defaults.name: belongs to one runner, and can't be inherited; move it there",
    ),
}


def problems_of(content: str | bytes, check) -> list[Problem]:
    """What is wrong with a file, by place."""
    problems: list[Problem] = []
    for document in read_documents(content, "m.yaml", problems):
        check(document, "m.yaml", problems)
    return sorted(set(problems))


def told(problems: list[Problem]) -> list[str]:
    """Problems as `line:column: message`."""
    assert all(problem.at.file == "m.yaml" for problem in problems)
    return [f"{problem.at.line}:{problem.at.column}: {problem.message}" for problem in problems]


@pytest.mark.parametrize("case", MANIFESTS.values(), ids=MANIFESTS)
def test_a_bad_manifest_gets_exactly_these_messages_at_these_places(case):
    """Every bad manifest is refused with a message that says what is wrong, what to do, and where."""
    content, *expected = case
    assert told(problems_of(content, check_manifest)) == expected


@pytest.mark.parametrize("case", PROJECTS.values(), ids=PROJECTS)
def test_a_bad_project_file_gets_exactly_these_messages_at_these_places(case):
    """Every bad project file is refused with a message that says what is wrong, what to do, and where."""
    content, *expected = case
    assert told(problems_of(content, check_project)) == expected


@pytest.mark.parametrize("case", [*MANIFESTS.values(), *PROJECTS.values()], ids=[*MANIFESTS, *PROJECTS])
def test_no_message_repeats_a_secret_or_spans_lines(case):
    """What may be a secret is never part of a message, and a message is one line."""
    content, *_ = case
    for check in (check_manifest, check_project):
        for problem in problems_of(content, check):
            assert "s3cr3t" not in problem.message
            assert "cfc_" not in problem.message
            assert problem.message.isprintable()


def test_the_table_is_large():
    """At least sixty ways to write a bad manifest are known."""
    assert len(MANIFESTS) >= 60
