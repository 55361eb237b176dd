"""Bad project files: each with every message it gets, and where.

A case is the text of a file, then its problems as `line:column: message`, in the order of their places.
"""
# ruff: noqa: E501 - messages are whole, so that a search for one finds it

from __future__ import annotations

import pytest

from tests.fakes.checks import check_project, problems_of, shown, shows_no_secret

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


@pytest.mark.parametrize("case", PROJECTS.values(), ids=PROJECTS)
def test_a_bad_project_file_gets_exactly_these_messages_at_these_places(case):
    """Every bad project file is refused with a message that says what is wrong, what to do, and where."""
    content, *expected = case
    assert shown(problems_of(content, check_project)) == expected


@pytest.mark.parametrize("case", PROJECTS.values(), ids=PROJECTS)
def test_no_message_repeats_a_secret_or_spans_lines(case):
    """What may be a secret is never part of a message, and a message is one line."""
    assert shows_no_secret(case[0])
