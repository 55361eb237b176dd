"""A watch on a virtual clock, with a sandbox on a real socket; what shall happen meanwhile is put on a time."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import Counter

from reconciler.api.client import Client, Reader
from reconciler.apply.journal import NullJournal
from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.health import Health, Probed
from reconciler.model.secret import Scrubber, Secret
from reconciler.model.watching import Mode, Overrides
from reconciler.settings import MissingToken, RateLimit, Settings
from reconciler.watch.board import Board
from reconciler.watch.cycle import Cycle
from reconciler.watch.endpoints import Endpoints
from reconciler.watch.loop import Loop, Wakeups
from reconciler.watch.sources.folder import Folder
from reconciler.watch.sources.git_ref import GitRef
from reconciler.watch.status import Status
from reconciler.workflow.apply import Writing
from reconciler.workflow.run import Ports, Selection
from tests.fakes.clock import StopSwitch, VirtualClock

INTERVAL_S = 60.0
UNLIMITED = RateLimit(100_000, 1.0)


class Watching:
    """One watch of `folder`, or of a ref of the remote `git`. `token` may be changed while it runs.

    `statuses` has every status shown, `transitions` every one announced. Times are seconds from the start.
    """

    def __init__(self, folder, url, *, mode=Mode.APPLY, interval_s=INTERVAL_S, git=None, suspend=None, everyone=True):
        self.token = "cfc_sandbox"
        self.url = url
        self.stop = StopSwitch()
        self.clock = VirtualClock(self.stop, on_wait=self._meanwhile)
        self.prober = Answers()
        self.statuses = []
        self.transitions = []
        self.observed = []
        self.hangups = 0
        self.rate_limit = UNLIMITED
        self._plans = []
        self._every = []
        selection = Selection(cwd=folder)
        self.source = GitRef(str(git), "main", selection) if git else Folder(selection)
        overrides = Overrides(interval_s=interval_s, mode=mode, suspend=suspend)
        self.writing = Writing(parallelism=1)
        endpoints = Endpoints(self.prober, self.clock, everyone=everyone)
        self.cycle = Cycle(self.source, overrides, self.writing, endpoints, key=b"k" * 32)
        self.board = Board(Status(environment=None, api_url=url, mode=mode), self.clock)
        show = self.board.show

        def note(status, counts):
            show(status, counts)
            self.statuses.append(status)

        self.board.show = note
        scrubber = Scrubber()
        self.ports = Ports(
            clock=self.clock,
            stop=self.stop,
            progress=Unseen(),
            journal=NullJournal(),
            prober=lambda: self.prober,
            secrets=ProcessSecrets(os.environ),
            stdin=lambda: b"",
            warn=lambda _text: None,
            settings=self._settings,
            reader=lambda settings: Reader(settings, clock=self.clock, stop=self.stop, scrubber=scrubber),
            client=lambda settings: Client(settings, clock=self.clock, stop=self.stop, scrubber=scrubber),
        )

    def at(self, seconds, action):
        """Do this as soon as so many seconds have passed."""
        self._plans.append((1000.0 + seconds, action))

    def every(self, seconds, action):
        """Do this whenever so many seconds have passed again."""
        self._every.append([1000.0 + seconds, seconds, action])

    def reload(self, ports):
        """What SIGHUP reads again: nothing."""
        return ports

    def stop_after(self, cycles):
        """Stop when so many cycles are over."""
        show = self.board.show

        def count(status, counts):
            show(status, counts)
            if status.cycles >= cycles:
                self.stop.set()

        self.board.show = count

    def hang_up(self):
        """Send SIGHUP."""
        self.hangups += 1

    def run(self, until_s):
        """Run for so many seconds; the exit code."""
        self.at(until_s, self.stop.set)
        wakeups = Wakeups(hangup=self._hung_up, reload=self.reload, chance=lambda: 0.5)
        announce = lambda transition, _status: self.transitions.append(transition)  # noqa: E731 - as short as it gets

        def observe(happened, status):
            self.observed.append((happened, status, self.cycle.listing))

        return Loop(self.cycle, self.source, self.board, self.ports, wakeups, announce, observe=observe).run()

    @property
    def results(self):
        """How the cycles ended."""
        return [each.cycle.result for each in self.statuses if each.cycle is not None]

    @property
    def events(self):
        """The transitions, in order."""
        return [each.event for each in self.transitions]

    def _settings(self, _project):
        if not self.token:
            raise MissingToken("no API token")
        token = Secret(self.token)
        return Settings(api_url=self.url, token=token, plan_key=token, rate_limit=self.rate_limit)

    def _hung_up(self):
        came, self.hangups = self.hangups > 0, 0
        return came

    def _meanwhile(self, _seconds):
        now = self.clock.monotonic()
        due = [each for each in self._plans if each[0] <= now]
        self._plans = [each for each in self._plans if each[0] > now]
        for _, action in due:
            action()
        for each in self._every:
            if each[0] <= now:
                each[0] = now + each[1]
                each[2]()


class Answers:
    """Implements health.targets.Prober: healthy, but for the keys in `dead`; `asked` counts by key."""

    def __init__(self):
        self.dead = set()
        self.asked = Counter()

    def ask(self, targets, *, timeout_s):
        """Answer at once."""
        assert timeout_s > 0
        self.asked.update(each.key for each in targets)
        return {
            each.key: Probed(Health.UNHEALTHY, "it answers 502") if each.key in self.dead else Probed(Health.HEALTHY)
            for each in targets
        }


class Unseen:
    """Progress that nobody sees."""

    def __getattr__(self, _name):
        return lambda *_arguments: None


class Remote:
    """A git repository in a folder, as a remote."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        """What git prints."""
        named = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        ran = subprocess.run(  # git from the PATH, as everybody has it
            ["git", "-C", str(self.folder), *named, *arguments],  # noqa: S607 - the git of the PATH is meant
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout.strip()

    def commit(self, text, *, file="runners/a.yaml", amend=False):
        """Commit a manifest; the commit. `amend` rewrites the last one, as a force-push does."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.git("add", ".")
        self.git("commit", "--allow-empty", "-qm", "change", *(["--amend"] if amend else []))
        return self.git("rev-parse", "HEAD")


@contextlib.contextmanager
def away(path):
    """A folder that is gone for a while."""
    moved = path.with_name(path.name + ".away")
    path.rename(moved)
    try:
        yield
    finally:
        moved.rename(path)
