"""The least that a command-line client of an API does: import what it is made of, and send one request."""

import sys

import click  # noqa: F401 - imported for what it costs
import httpx
import pydantic  # noqa: F401 - likewise
import yaml  # noqa: F401 - likewise

with httpx.Client() as client:
    client.get(sys.argv[1]).raise_for_status()
