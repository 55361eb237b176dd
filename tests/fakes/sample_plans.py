"""Plans and reports for tests of what shows them, without the planner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.enums import Severity
from reconciler.model.finding import Finding
from reconciler.model.plan import Action, Budget, Capacity, Gate, Plan, Request, UnmanagedRunner, Wait
from reconciler.model.position import Position
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.model.secret import Secret
from tests.fakes.runners import make_body, make_change

if TYPE_CHECKING:
    from reconciler.model.fields.change import Change
    from reconciler.model.fields.spec import RunnerBody

ID = "550e8400-e29b-41d4-a716-446655440000"


def body(**fields: Any) -> RunnerBody:
    """A whole body; its header value is a secret."""
    known: dict[str, Any] = {
        "name": "Production GPU Runner",
        "endpoint": "https://comfy-1.example.com",
        "headers": {"Authorization": Secret("Bearer abcdefgh12345")},
        "tags": ("gpu-a100", "production"),
        "status": "active",
    }
    return make_body(**known | fields)


def request(purpose: str = "replace", **fields: Any) -> Request:
    """A PUT, or the POST of a create."""
    method, path = ("POST", "/v1/runner") if purpose == "create" else ("PUT", f"/v1/runner/{ID}")
    known: dict[str, Any] = {"method": method, "path": path, "body": body(), "purpose": purpose}
    return Request(**known | fields)


def tags(before: tuple[str, ...], after: tuple[str, ...], **fields: Any) -> Change:
    """A change of tags, with its differences."""
    added = tuple(tag for tag in after if tag not in before)
    removed = tuple(tag for tag in before if tag not in after)
    return make_change(field="tags", before=before, after=after, added=added, removed=removed, **fields)


def action(kind: str = "update", key: str = "prod-a100-1", **fields: Any) -> Action:
    """An action that is one write."""
    known: dict[str, Any] = {
        "action": kind,
        "key": key,
        "id": None if kind == "create" else ID,
        "name": key,
        "matched_by": "none" if kind == "create" else "id",
        "at": Position("runners/p.yaml", 8, 3),
        "live_updated_at": None,
        "changes": (tags(("gpu-a100",), ("gpu-a100", "production")),),
        "requests": (request("create" if kind == "create" else "replace"),),
    }
    return Action(**known | fields)


def plan(*actions: Action, **fields: Any) -> Plan:
    """A plan of these actions."""
    known: dict[str, Any] = {
        "created_at": "2026-01-15T10:30:00Z",
        "api_url": "https://api.comfycontrol.app",
        "environment": None,
        "manifest_digest": "0" * 64,
        "complete": True,
        "actions": actions,
        "unchanged": 5,
        "unmanaged": (),
        "findings": (),
        "gates": (),
        "capacity": (),
        "budget": Budget(1, sum(len(each.requests) for each in actions), 0, 0.0),
    }
    return Plan(**known | fields)


def everything() -> Plan:
    """A plan with one of everything that can be shown."""
    create = action(
        "create",
        "new-1",
        name="New Runner",
        changes=(
            make_change(field="name", after="New Runner"),
            make_change(field="endpoint", after="https://comfy-9.example.com"),
            make_change(field="headers", added=("Authorization", "X-Pool"), public={"X-Pool": (None, "a100")}),
            tags((), ("gpu", "sdxl")),
            make_change(field="status", after="disabled"),
        ),
        requests=(request("create"), request("finish", body=body(status="disabled"))),
    )
    moved = action(
        "update",
        "prod-a100-1",
        name="Production GPU Runner",
        unmanaged=("status",),
        changes=(
            make_change(field="name", before="GPU Runner", after="Production GPU Runner"),
            make_change(field="endpoint", before="http://192.168.1.100:8188", after="https://comfy-1.example.com"),
            make_change(
                field="headers",
                added=("X-New",),
                removed=("X-Old",),
                changed=("Authorization", "X-Pool"),
                unknown=("X-Unknown",),
                public={"X-Pool": ("a100", "h100")},
            ),
            tags(("gpu", "sdxl"), ("gpu", "image-generation")),
        ),
        requests=(request("widen"), request("narrow", waits=(Wait(0, 2), Wait(1, 1)))),
    )
    off = action(
        "update",
        "prod-b",
        turns_off=True,
        changes=(make_change(field="status", before="active", after="disabled"),),
        requests=(request(body=body(status="disabled"), waits=(Wait(1, 1),)),),
    )
    retired = action(
        "disable",
        "old-runner",
        at=None,
        turns_off=True,
        matched_by="name",
        unmanaged=("name", "endpoint", "headers", "tags"),
        changes=(make_change(field="status", before="active", after="disabled"),),
        requests=(request("retire", body=body(status="disabled")),),
    )
    findings = (
        Finding(
            code="stranded-tags",
            severity="warning",
            message="gpu+sdxl is served by no runner any more; prod-a100-1 did; prod-b is nearest, it lacks sdxl",
            key="prod-a100-1",
            at=Position("runners/p.yaml", 8, 3),
        ),
        Finding(
            code="too-many-disables",
            severity="error",
            message="2 runners stop being active, the limit is 1 (guard.max_disables): disable fewer at once, "
            "or raise the limit",
        ),
        Finding(
            code="credential-redirect",
            severity="warning",
            message="the host changes from 192.168.1.100 to comfy-1.example.com while header values stay",
            key="prod-a100-1",
            at=Position("runners/p.yaml", 10, 5),
            accepted=True,
            accepted_by="manifest: moved to the new pool (until 2026-12-31)",
        ),
    )
    return plan(
        create,
        moved,
        off,
        retired,
        environment="production",
        sandbox="demo.db",
        targets=("prod-*", "new-1"),
        unmanaged=(UnmanagedRunner("6a", "somebody's runner"), UnmanagedRunner("6b", "other")),
        findings=findings,
        gates=(Gate(("gpu",), ("prod-b", "prod-c")), Gate(("gpu", "sdxl"), ("new-1", "prod-c"))),
        capacity=(Capacity(("gpu", "sdxl"), 3, 1), Capacity((), 1, 0)),
        budget=Budget(13, 6, 1, 20.0),
    )


def hostile(raw: str) -> Plan:
    """A plan with one text everywhere a text from outside can stand."""
    headers = make_change(field="headers", added=(raw,), removed=("x" + raw,), unknown=(raw,), public={raw: (raw, raw)})
    return plan(
        action(
            key=raw,
            name=raw + "x",
            at=Position(raw, 1, 1),
            changes=(
                make_change(field="name", before=raw, after=raw),
                headers,
                tags((raw,), (raw + "y",)),
                make_change(field="endpoint", before=raw, after=raw, origin="drift"),
            ),
        ),
        action(key="d" + raw, changes=(make_change(field="name", before=raw, after=raw, origin="drift"),)),
        environment=raw,
        sandbox=raw,
        targets=(raw,),
        live_as_of=raw,
        api_url=raw,
        created_at=raw,
        unmanaged=(UnmanagedRunner(raw, raw),),
        capacity=(Capacity((raw, raw), 1, 0),),
        findings=(
            Finding(code="stranded-tags", severity=Severity.WARNING, message=raw, key=raw, at=Position(raw, 1, 1)),
            Finding(code="stranded-tags", severity=Severity.WARNING, message=raw, accepted=True, accepted_by=raw),
        ),
    )


def report(*statuses: str, interrupted: bool = False, requests: RequestCount | None = None) -> Report:
    """A report whose outcomes have these statuses, all of updates."""
    outcomes = tuple(
        Outcome(
            key=f"runner-{number}",
            action="update",
            id=ID,
            status=status,
            error=None if status == "applied" else Failure("code", f"why {status}"),
        )
        for number, status in enumerate(statuses, 1)
    )
    return Report(outcomes, requests or RequestCount(1, len(statuses)), interrupted)
