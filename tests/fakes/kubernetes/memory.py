"""The port of the API server, in memory: secrets, patches, events and one Lease."""

from __future__ import annotations

import threading
from dataclasses import replace

from reconciler.operator.cluster.errors import Away, Conflict


class MemoryCluster:
    """Implements Cluster. While `away`, every request fails; `patches` and `events` have what was written."""

    def __init__(self, **secrets):
        self.secrets = {tuple(place.split("/")): data for place, data in secrets.items()}
        self.patches = []
        self.events = []
        self.records = {}
        self.away = False
        self._lock = threading.Lock()

    def _reach(self):
        if self.away:
            raise Away("the API server is away")

    def get_secret(self, namespace, name):
        """See Cluster."""
        self._reach()
        return self.secrets.get((namespace, name))

    def patch_status(self, plural, ref, patch):
        """See Cluster."""
        self._reach()
        self.patches.append((plural, ref, patch))

    def create_event(self, event):
        """See Cluster."""
        self._reach()
        self.events.append(event)

    def get_lease(self, ref):
        """See Cluster."""
        self._reach()
        return self.records.get(ref)

    def create_lease(self, ref, record):
        """See Cluster."""
        self._reach()
        with self._lock:
            if ref in self.records:
                raise Conflict("there is a Lease")
            return self._keep(ref, record, "1")

    def update_lease(self, ref, record):
        """See Cluster."""
        self._reach()
        with self._lock:
            if ref not in self.records or self.records[ref].version != record.version:
                raise Conflict("the Lease has changed")
            return self._keep(ref, record, str(int(record.version) + 1))

    def _keep(self, ref, record, version):
        self.records[ref] = replace(record, version=version)
        return self.records[ref]
