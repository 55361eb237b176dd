"""What can go wrong around the emulator itself, as opposed to what it answers.

SandboxError
├── StoreError    its file cannot be opened, is no store of ours, or is busy or full
├── SeedError     a seed that is no JSON or has a wrong shape
└── ListenError   the address cannot be listened on
"""

from __future__ import annotations


class SandboxError(Exception):
    """The root: its text says what, where and what to do."""


class StoreError(SandboxError):
    """The store's file cannot be opened, is no store of ours, or is busy or full."""


class SeedError(SandboxError):
    """A seed that cannot be read, is no JSON, or has a wrong shape; the message names the path within it."""


class ListenError(SandboxError):
    """The address cannot be listened on."""
