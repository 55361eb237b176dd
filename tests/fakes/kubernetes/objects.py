"""What an API server keeps: objects with versions, what happened to them, and who watches. As strict as a real one."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import uuid
from dataclasses import dataclass, field

from tests.fakes.kubernetes.schemas import admit

FIRST_VERSION = 1000


class Refused(Exception):
    """An answer that is no success: HTTP status, Kubernetes' reason, and a message."""

    def __init__(self, status, reason, message, **details):
        super().__init__(message)
        self.status, self.reason, self.message, self.details = status, reason, message, details

    def document(self):
        """The body of the answer."""
        return {
            "apiVersion": "v1",
            "kind": "Status",
            "metadata": {},
            "status": "Failure",
            "code": self.status,
            "reason": self.reason,
            "message": self.message,
            "details": self.details,
        }


@dataclass(eq=False)
class Kind:
    """A kind that is served. `schema` is what its objects are pruned, filled and checked by; None: nothing is."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = False
    schema: dict | None = None
    objects: dict = field(default_factory=dict)

    @property
    def api_version(self):
        """Group and version."""
        return f"{self.group}/{self.version}" if self.group else self.version


class Objects:
    """The objects of all kinds. Every method is called in the server's own loop."""

    def __init__(self):
        self.version = FIRST_VERSION
        self.oldest = FIRST_VERSION
        self.history = []
        self.watchers = set()
        self.writes = []

    def compact(self):
        """Forget what happened so far: whoever asks for it is answered 410."""
        self.history.clear()
        self.oldest = self.version

    def get(self, kind, namespace, name):
        """One object."""
        try:
            return kind.objects[namespace, name]
        except KeyError:
            message = f'{kind.plural}.{kind.group} "{name}" not found'
            raise Refused(404, "NotFound", message, name=name, group=kind.group, kind=kind.plural) from None

    def create(self, kind, namespace, given, namespaces):
        """A new object."""
        made = copy.deepcopy(given)
        meta = made.setdefault("metadata", {})
        if made.get("kind") != kind.kind or made.get("apiVersion") != kind.api_version:
            raise Refused(400, "BadRequest", f"the object is no {kind.kind} of {kind.api_version}")
        if kind.namespaced and namespace not in namespaces:
            message = f'namespaces "{namespace}" not found'
            raise Refused(404, "NotFound", message, name=namespace, kind="namespaces")
        if kind.namespaced and meta.setdefault("namespace", namespace) != namespace:
            raise Refused(400, "BadRequest", "the namespace of the object is another one than that of the request")
        if meta.get("resourceVersion"):
            raise Refused(400, "BadRequest", "resourceVersion should not be set on objects to be created")
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        name = meta["name"]
        if (namespace, name) in kind.objects:
            raise Refused(409, "AlreadyExists", f'{kind.plural}.{kind.group} "{name}" already exists')
        if kind.status:
            made.pop("status", None)
        admit(kind.schema, made)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        meta["generation"] = 1
        return self._keep("ADDED", kind, namespace, made)

    def update(self, kind, namespace, name, change, *, subresource=None):
        """What `change` makes of the object; of the status only, or of all but the status."""
        before = self.get(kind, namespace, name)
        after = change(copy.deepcopy(before))
        wanted = after.get("metadata", {}).get("resourceVersion")
        if wanted and wanted != before["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", "the object has been modified; please apply your changes to the latest one")
        if subresource == "status":
            after = {**copy.deepcopy(before), "status": after.get("status")}
        elif kind.status:
            after["status"] = copy.deepcopy(before.get("status"))
        if after.get("status") is None:
            after.pop("status", None)
        kept = ("uid", "creationTimestamp", "generation", "resourceVersion", "name", "namespace", "deletionTimestamp")
        for key in kept:
            if key in before["metadata"]:
                after["metadata"][key] = before["metadata"][key]
        admit(kind.schema, after)
        if after.get("spec") != before.get("spec"):
            after["metadata"]["generation"] += 1
        if after == before:
            return before  # no write, no event, the same version
        return self._keep("MODIFIED", kind, namespace, after)

    def delete(self, kind, namespace, name):
        """Delete an object, or mark it where finalizers hold it."""
        before = self.get(kind, namespace, name)
        gone = copy.deepcopy(before)
        if before["metadata"].get("finalizers"):
            gone["metadata"]["deletionTimestamp"] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return self._keep("MODIFIED", kind, namespace, gone)
        del kind.objects[namespace, name]
        self.version += 1
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell("DELETED", kind, namespace, gone)
        return gone

    def list(self, kind, namespace):
        """The objects of a namespace, or of all."""
        found = (each for (where, _), each in sorted(kind.objects.items()) if namespace in (None, where))
        return list(found)

    def watch(self, kind, namespace, since):
        """What happened since a version, and a queue of what will. Raises Refused (410) where that is forgotten."""
        if since < self.oldest:
            raise Refused(410, "Expired", f"too old resource version: {since} ({self.oldest})")
        watcher = Watcher(kind, namespace)
        for version, event in self.history:
            if version > since:
                watcher.offer(*event)
        self.watchers.add(watcher)
        return watcher

    def _keep(self, event, kind, namespace, made):
        self.version += 1
        made["metadata"]["resourceVersion"] = str(self.version)
        kind.objects[namespace, made["metadata"]["name"]] = made
        self._tell(event, kind, namespace, made)
        return made

    def _tell(self, event, kind, namespace, made):
        fact = (event, kind, namespace, copy.deepcopy(made))
        self.history.append((self.version, fact))
        for watcher in self.watchers:
            watcher.offer(*fact)


class Watcher:
    """One open watch. While it is `silent` nothing comes out of it, and what happens meanwhile is lost to it."""

    def __init__(self, kind, namespace):
        self.kind, self._namespace = kind, namespace
        self.queue = asyncio.Queue()
        self.silent = False

    def offer(self, event, kind, namespace, made):
        """Take in what concerns it."""
        if not self.silent and kind is self.kind and self._namespace in (None, namespace):
            self.queue.put_nowait({"type": event, "object": made})


def merged(target, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made
