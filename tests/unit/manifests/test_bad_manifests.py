"""Bad manifests: each with every message it gets, and where.

A case is the text of a file, then its problems as `line:column: message`, in the order of their places.
"""
# ruff: noqa: E501 - messages are whole, so that a search for one finds it

from __future__ import annotations

import pytest

from tests.fakes.checks import check_manifest, problems_of, shown, shows_no_secret

RUNNER = "version: 1\nrunners:\n  a:\n    endpoint: http://a:8188\n"

MANIFESTS = {
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


@pytest.mark.parametrize("case", MANIFESTS.values(), ids=MANIFESTS)
def test_a_bad_manifest_gets_exactly_these_messages_at_these_places(case):
    """Every bad manifest is refused with a message that says what is wrong, what to do, and where."""
    content, *expected = case
    assert shown(problems_of(content, check_manifest)) == expected


@pytest.mark.parametrize("case", MANIFESTS.values(), ids=MANIFESTS)
def test_no_message_repeats_a_secret_or_spans_lines(case):
    """What may be a secret is never part of a message, and a message is one line."""
    assert shows_no_secret(case[0])


def test_the_table_is_large():
    """At least sixty ways to write a bad manifest are known."""
    assert len(MANIFESTS) >= 60
