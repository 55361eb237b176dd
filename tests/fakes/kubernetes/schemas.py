"""What a structural schema does to an object: unknown fields are dropped, defaults filled in, the rest checked."""

from __future__ import annotations

from tests.fakes.api_server import admit_by


def admit(schema, made):
    """Prune, fill in and check an object, in place. Raises Refused (422)."""
    if schema is None:
        return
    stored, wrong = admit_by(schema, made)
    for part in made.keys() - {"apiVersion", "kind", "metadata"}:
        del made[part]
    made.update({part: value for part, value in stored.items() if part != "metadata"})
    if wrong:
        from tests.fakes.kubernetes.objects import Refused

        raise Refused(422, "Invalid", f"{made['metadata'].get('name')} is invalid: {wrong[0]}")
