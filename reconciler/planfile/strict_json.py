"""JSON from outside, read strictly and within bounds: one object, no key twice, no NaN."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from reconciler.errors import PlanFileError
from reconciler.files import check_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.errors import ReconcilerError

MAX_DEPTH: Final = 100


def read_object(
    content: str | bytes, file: str, *, what: str = "plan", error: type[ReconcilerError] = PlanFileError
) -> dict[str, Any]:
    """Read the one object that `content` holds. Raises `error`, which names `file` and never quotes the content.

    `what` is what the file should be.
    """
    check_size(content, file, error)
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        raise error(f"{file} is damaged or no {what}: not UTF-8 at byte {exc.start}") from None
    except json.JSONDecodeError as exc:
        raise error(f"{file} is damaged or no {what}: not JSON at line {exc.lineno}, column {exc.colno}") from None
    except _Repeated as exc:
        raise error(f"{file} is damaged: {exc}") from None
    except RecursionError:
        raise error(f"{file} is no {what}: nested over {MAX_DEPTH} levels") from None
    except ValueError:
        raise error(f"{file} is damaged or no {what}: a number in it can't be read") from None
    if not isinstance(document, dict):
        raise error(f"{file} is no {what}: it holds no JSON object")
    if _depth(document) > MAX_DEPTH:
        raise error(f"{file} is no {what}: nested over {MAX_DEPTH} levels")
    return document


class _Repeated(Exception):
    pass


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise _Repeated(f"duplicate key {key[:40]!r} in one object")
            seen.add(key)
    return built


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth(document: dict[str, Any]) -> int:
    """How many levels there are, counted no further than needed."""
    level: list[Any] = [document]
    depth = 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
    return depth
