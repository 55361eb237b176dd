"""One apply at a time on a machine and account: the second waits, says whose the lock is, and gives up clearly."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from pathlib import Path

import pytest

from reconciler.apply.lock import account_lock, lock_name, state_folder
from reconciler.errors import Interrupted, LockTimeout
from reconciler.model.secret import Secret
from reconciler.settings import Settings

TOKEN = Secret("cfc_the-token")
SETTINGS = Settings(api_url="https://api.example.com", token=TOKEN, plan_key=TOKEN)


class WaitingClock:
    """A clock on which only waits take time; `then` is called at each."""

    def __init__(self, then=lambda: None):
        self.now = 0.0
        self.then = then

    def monotonic(self):
        """Seconds waited."""
        return self.now

    def utc_now(self):
        """A fixed day."""
        return dt.datetime(2026, 1, 15, 10, 30, tzinfo=dt.UTC)

    def wait(self, seconds):
        """Time passes at once."""
        self.now += seconds
        self.then()


def locked(folder, warnings=None, *, timeout_s=0.0, clock=None, settings=SETTINGS, account="user-1"):
    """The lock of one account in a folder."""
    warn = (warnings if warnings is not None else []).append
    return account_lock(
        settings, timeout_s=timeout_s, clock=clock or WaitingClock(), warn=warn, account=account, folder=folder
    )


def test_a_second_apply_is_refused_and_told_whose_the_lock_is(tmp_path):
    """Without time to wait it fails at once, with process, user, host and start of the first."""
    with locked(tmp_path), pytest.raises(LockTimeout) as caught, locked(tmp_path):
        pass
    message = str(caught.value)
    assert f"process {os.getpid()} of " in message
    assert "since 2026-01-15T10:30:00Z" in message
    assert "--lock-timeout" in message
    assert "nothing was written" in message


def test_a_second_apply_waits_for_its_time(tmp_path):
    """It says once that it waits, and gives up when the time is over and not before."""
    warnings = []
    clock = WaitingClock()
    with locked(tmp_path), pytest.raises(LockTimeout), locked(tmp_path, warnings, timeout_s=3.2, clock=clock):
        pass
    assert clock.now == pytest.approx(3.2)
    assert len(warnings) == 1
    assert "waiting up to 3.2 s" in warnings[0]


def test_a_second_apply_goes_on_when_the_first_ends(tmp_path):
    """As soon as the lock is free, the one that waits has it."""
    first = locked(tmp_path)
    first.__enter__()
    clock = WaitingClock(then=lambda: first.__exit__(None, None, None) if clock.now >= 1.0 else None)
    with locked(tmp_path, timeout_s=60.0, clock=clock):
        assert clock.now == 1.0
        with pytest.raises(LockTimeout), locked(tmp_path):
            pass


def test_a_lock_is_free_again_afterwards(tmp_path):
    """Also after an error, and no word of a holder is left."""
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with locked(tmp_path):
        assert [stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("*.json")] == [0o600]
    assert list(tmp_path.glob("*.json")) == []


def test_a_wait_can_be_interrupted(tmp_path):
    """A signal ends the wait."""

    def stop():
        raise Interrupted("interrupted")

    with locked(tmp_path), pytest.raises(Interrupted), locked(tmp_path, timeout_s=60.0, clock=WaitingClock(stop)):
        pass


@pytest.mark.parametrize("word", ["", "{", "[1]", "{}", '{"pid": 1}', "\xff", "[" * 5000])
def test_a_holder_that_left_no_word_is_no_obstacle(tmp_path, word):
    """Whatever stands in the file that tells whose the lock is, the message is clear."""
    with locked(tmp_path):
        (holder,) = tmp_path.glob("*.json")
        holder.write_text(word, encoding="latin-1")
        with pytest.raises(LockTimeout, match="it left no word of whose it is"), locked(tmp_path):
            pass


def test_the_word_of_a_holder_that_was_killed_does_not_hold_the_lock(tmp_path):
    """Only the lock counts: what a killed process left is replaced."""
    with locked(tmp_path):
        (holder,) = tmp_path.glob("*.json")
    holder.write_text(json.dumps({"pid": 1}))
    with locked(tmp_path):
        assert json.loads(holder.read_text())["pid"] == os.getpid()


def test_a_state_folder_that_cannot_be_written_means_a_warning_and_no_lock(tmp_path):
    """The apply goes on, also twice at once."""
    (tmp_path / "file").write_text("")
    warnings = []
    with locked(tmp_path / "file" / "locks", warnings), locked(tmp_path / "file" / "locks", warnings):
        pass
    assert len(warnings) == 2
    assert warnings[0].startswith("no lock against another apply on this machine: ")


def test_no_home_means_a_warning_and_no_lock(monkeypatch):
    """A user without a home folder can apply."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    warnings = []
    with locked(None, warnings):
        pass
    assert len(warnings) == 1


def test_a_user_without_a_name_can_hold_the_lock(tmp_path, monkeypatch):
    """In a container the user may have none."""

    def nobody():
        raise OSError("no username")

    monkeypatch.setattr("getpass.getuser", nobody)
    with locked(tmp_path), pytest.raises(LockTimeout, match="of unknown on"), locked(tmp_path):
        pass


def test_a_lock_is_of_one_account_at_one_address(tmp_path):
    """Another account, another host and another sandbox are other locks; another port or path is not."""
    elsewhere = Settings(api_url="https://other.example.com", token=TOKEN, plan_key=TOKEN)
    sandbox = Settings(api_url="https://api.example.com", token=TOKEN, plan_key=TOKEN, sandbox="a.db")
    with (
        locked(tmp_path),
        locked(tmp_path, account="user-2"),
        locked(tmp_path, settings=elsewhere),
        locked(tmp_path, settings=sandbox),
    ):
        pass
    again = Settings(api_url="https://API.example.com:443/x", token=Secret("cfc_other"), plan_key=TOKEN)
    assert lock_name(SETTINGS, "user-1") == lock_name(again, "user-1")


def test_without_an_account_the_token_stands_for_it():
    """Two tokens are two locks; the name tells neither token nor account."""
    other = Settings(api_url=SETTINGS.api_url, token=Secret("cfc_other"), plan_key=TOKEN)
    assert lock_name(SETTINGS, None) == lock_name(SETTINGS, None) != lock_name(other, None)
    assert "user-1" not in lock_name(SETTINGS, "user-1")


@pytest.mark.parametrize(
    ("system", "environ", "folder"),
    [
        ("linux", {"XDG_STATE_HOME": "/state"}, "/state/reconciler/locks"),
        ("linux", {"XDG_STATE_HOME": "relative"}, "~/.local/state/reconciler/locks"),
        ("linux", {}, "~/.local/state/reconciler/locks"),
        ("darwin", {"XDG_STATE_HOME": "/state"}, "~/Library/Application Support/reconciler/locks"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/reconciler/locks"),
        ("win32", {}, "~/AppData/Local/reconciler/locks"),
    ],
)
def test_the_state_folder_follows_the_system(system, environ, folder):
    """XDG on Linux, where a relative path is ignored; the habits of the others elsewhere."""
    assert state_folder(environ, system) == Path(folder).expanduser()
