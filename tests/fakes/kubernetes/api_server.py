"""An API server on a real socket, in a thread of its own: kmock serves HTTP and discovery, `objects` does the rest."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import threading
from collections import Counter

import aiohttp.web
import attrs
import kmock
import yaml

from tests.fakes.kubernetes.objects import Kind, Objects, Refused, merged

TOKEN = "cluster-token"
CRDS = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
BUILT_IN = (
    Kind("", "v1", "namespaces", "Namespace", namespaced=False),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "events", "Event"),
    Kind("coordination.k8s.io", "v1", "leases", "Lease"),
)
VERBS = {"get", "list", "watch", "create", "update", "patch", "delete"}
ESTABLISHING_S = 0.05


@attrs.define(kw_only=True)
class Handler(kmock.KubernetesScaffold):
    """Answers as `ApiServer` says; what it leaves open, discovery, is kmock's."""

    serve: object = None

    async def __call__(self, raw_request):
        """One request."""
        answer = await self.serve(raw_request)
        return await super().__call__(raw_request) if answer is None else answer


class ApiServer:
    """Start and stop it as often as you like: the port and the objects stay. `asked` counts requests by what they do.

    Faults: `silence` (open streams die without a word), `compact` (old versions are forgotten), `stop` (it is away),
    `forbidden` (pairs of verb and plural that are answered 403).
    """

    def __init__(self, *, bookmark_s=0.3):
        self.objects = Objects()
        self.kinds = {(kind.group, kind.version, kind.plural): kind for kind in _fresh()}
        self.asked = Counter()
        self.forbidden = set()
        self.lists = []
        self._bookmark_s = bookmark_s
        self._port = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="api-server")
        self._thread.start()
        self._handler = Handler(serve=self._serve)
        self._server = None
        for kind in self.kinds.values():
            self._discover(kind)
        for name in ("default", "kube-system"):
            self.run(self._seed(name))

    async def _seed(self, name):
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.objects.create(self.kinds["", "v1", "namespaces"], None, made, ())

    def run(self, coroutine):
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    @property
    def url(self):
        """Where it is."""
        return f"http://127.0.0.1:{self._port}"

    def start(self):
        """Serve."""
        self.run(self._start())
        return self

    def stop(self):
        """Be away: connections are cut, and refused."""
        self.run(self._stop())

    def close(self):
        """Be gone."""
        if self._server is not None:
            self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def silence(self):
        """Let every open stream die silently: it stays open, and nothing comes any more."""
        self.run(self._each_watcher(lambda watcher: setattr(watcher, "silent", True)))

    def compact(self):
        """Forget old versions, and end the open streams: whoever comes back is answered 410."""
        self.run(self._compact())

    async def _compact(self):
        self.objects.compact()
        await self._each_watcher(lambda watcher: watcher.queue.put_nowait(None))

    async def _each_watcher(self, action):
        for watcher in self.objects.watchers:
            action(watcher)

    async def _start(self):
        await self._handler.__aenter__()
        self._server = kmock.Server(self._handler, port=self._port)
        await self._server.__aenter__()
        self._port = self._server.port

    async def _stop(self):
        await self._each_watcher(lambda watcher: watcher.queue.put_nowait(None))
        await self._server.__aexit__(None, None, None)
        await self._handler.__aexit__(None, None, None)
        self._server = None

    async def _serve(self, request):
        """The answer; None: it is none of ours."""
        found = _path(request.path)
        if found is None or (kind := self.kinds.get(found[:3])) is None:
            return None
        try:
            _check_token(request)
            return await self._answer(request, kind, *found[3:])
        except Refused as refused:
            return aiohttp.web.json_response(refused.document(), status=refused.status)

    async def _answer(self, request, kind, namespace, name, subresource):
        watches = request.query.get("watch") in ("true", "1")
        verb = request.method.lower() if name or request.method != "GET" else ("watch" if watches else "list")
        verb = {"put": "update", "post": "create"}.get(verb, verb)
        plural = f"{kind.plural}/{subresource}" if subresource else kind.plural
        self.asked[verb, plural] += 1
        if (verb, plural) in self.forbidden:
            raise Refused(403, "Forbidden", f"{plural} is forbidden: cannot {verb}")
        if subresource and not (subresource == "status" and kind.status):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if verb == "list":
            return aiohttp.web.json_response(self._list(request, kind, namespace))
        if verb == "watch":
            return await self._watch(request, kind, namespace)
        if verb == "get":
            return aiohttp.web.json_response(self.objects.get(kind, namespace, name))
        if verb == "delete":
            return aiohttp.web.json_response(self._delete(kind, namespace, name))
        return await self._write(request, kind, namespace, name, subresource)

    async def _write(self, request, kind, namespace, name, subresource):
        given = yaml.safe_load(await request.read())
        if kind.kind == "Secret":
            for key, text in given.pop("stringData", {}).items():
                given.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
        objects, kind_of_patch = self.objects, request.content_type
        if request.method == "POST":
            return aiohttp.web.json_response(self._create(kind, namespace, given), status=201)
        if request.method == "PUT":
            if not given["metadata"].get("resourceVersion"):
                raise Refused(422, "Invalid", "metadata.resourceVersion: must be specified for an update")
            made = objects.update(kind, namespace, name, lambda _before: given, subresource=subresource)
        elif kind_of_patch == "application/apply-patch+yaml":
            if not request.query.get("fieldManager"):
                raise Refused(400, "BadRequest", "fieldManager is required for apply patch")
            if (namespace, name) not in kind.objects and subresource is None:
                return aiohttp.web.json_response(self._create(kind, namespace, given), status=201)
            change = lambda before: merged(before, given)  # noqa: E731 - as short as it gets
            made = objects.update(kind, namespace, name, change, subresource=subresource)
        elif kind_of_patch == "application/merge-patch+json":
            change = lambda before: merged(before, given)  # noqa: E731 - as short as it gets
            made = objects.update(kind, namespace, name, change, subresource=subresource)
        else:
            raise Refused(415, "UnsupportedMediaType", f"{kind_of_patch} is not supported here")
        return aiohttp.web.json_response(made)

    def _delete(self, kind, namespace, name):
        """Delete an object; with a definition go its objects, its open streams, and the kind."""
        gone = self.objects.delete(kind, namespace, name)
        if kind.kind == CRDS.kind:
            (version,) = gone["spec"]["versions"]
            defined = self.kinds.pop((gone["spec"]["group"], version["name"], gone["spec"]["names"]["plural"]))
            self._handler.resources.pop(kmock.resource(defined.group, defined.version, defined.plural))
            for each in list(defined.objects):
                self.objects.delete(defined, *each)
            for watcher in self.objects.watchers:
                if watcher.kind is defined:
                    watcher.queue.put_nowait(None)
        return gone

    def _create(self, kind, namespace, given):
        namespaces = {name for _, name in self.kinds["", "v1", "namespaces"].objects}
        made = self.objects.create(kind, namespace, given, namespaces)
        if kind.kind == CRDS.kind:
            self._loop.call_later(ESTABLISHING_S, self._establish, kind, made)
        return made

    def _establish(self, kind, crd):
        """Serve a new kind, a moment after its definition was created."""
        spec = crd["spec"]
        for version in spec["versions"]:
            made = Kind(
                spec["group"],
                version["name"],
                spec["names"]["plural"],
                spec["names"]["kind"],
                status="status" in version.get("subresources", {}),
                schema=version["schema"]["openAPIV3Schema"],
            )
            self.kinds[made.group, made.version, made.plural] = made
            self._discover(made)
        conditions = [{"type": "Established", "status": "True"}]
        change = lambda before: merged(before, {"status": {"conditions": conditions}})  # noqa: E731 - as short
        self.objects.update(kind, None, crd["metadata"]["name"], change)

    def _discover(self, kind):
        self._handler.resources[kmock.resource(kind.group, kind.version, kind.plural)] = kmock.ResourceInfo(
            namespaced=kind.namespaced,
            kind=kind.kind,
            singular=kind.kind.lower(),
            verbs=VERBS,
            subresources={"status"} if kind.status else set(),
        )

    def _list(self, request, kind, namespace):
        """A page. All pages of a list are of the version that its first one was made at."""
        limit, token = int(request.query.get("limit", 0)), request.query.get("continue")
        if token:
            number, start = map(int, token.split("."))
            version, found = self.lists[number]
            if version < self.objects.oldest:
                raise Refused(410, "Expired", "The provided continue parameter is too old")
        else:
            number, start, version, found = len(self.lists), 0, self.objects.version, self.objects.list(kind, namespace)
            self.lists.append((version, found))
        end = start + limit if limit else len(found)
        meta = {"resourceVersion": str(version), **({"continue": f"{number}.{end}"} if end < len(found) else {})}
        items = [{key: each[key] for key in each if key not in ("kind", "apiVersion")} for each in found[start:end]]
        return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": items}

    async def _watch(self, request, kind, namespace):
        response = aiohttp.web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        since = request.query.get("resourceVersion", "")
        try:
            watcher = self.objects.watch(kind, namespace, int(since) if since else self.objects.version)
        except Refused as refused:
            await response.write(_line({"type": "ERROR", "object": refused.document()}))
            return response
        try:
            with contextlib.suppress(ConnectionError):
                await self._stream(response, watcher, kind)
        finally:
            self.objects.watchers.discard(watcher)
        return response

    async def _stream(self, response, watcher, kind):
        while True:
            try:
                event = await asyncio.wait_for(watcher.queue.get(), self._bookmark_s)
            except TimeoutError:
                if watcher.silent:
                    continue
                meta = {"resourceVersion": str(self.objects.version), "creationTimestamp": None}
                event = {"type": "BOOKMARK", "object": {**_type(kind), "metadata": meta}}
            if event is None:
                return
            if not watcher.silent:
                await response.write(_line(event))


def _fresh():
    return [Kind(k.group, k.version, k.plural, k.kind, k.namespaced) for k in (*BUILT_IN, CRDS)]


def _check_token(request):
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise Refused(401, "Unauthorized", "Unauthorized")


def _type(kind):
    return {"kind": kind.kind, "apiVersion": kind.api_version}


def _line(event):
    return json.dumps(event).encode() + b"\n"


def _path(path):
    """Group, version, plural, namespace, name and subresource; None for what is no object's."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    rest += [None] * (3 - len(rest))
    return (group, version, rest[0], namespace, rest[1], rest[2])
