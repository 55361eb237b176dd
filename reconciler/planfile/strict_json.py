"""JSON from outside, read strictly and within bounds: one object, no key twice, no NaN."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from reconciler.errors import PlanFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES: Final = 256 * 1024 * 1024
MAX_DEPTH: Final = 100


def read_object(content: str | bytes, file: str) -> dict[str, Any]:
    """The one object that `content` holds. Raises PlanFileError, which names `file` and never quotes the content."""
    if len(content) > MAX_BYTES:
        raise PlanFileError(f"{file} is larger than {MAX_BYTES // 1024**2} MiB, the most that is read")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        raise PlanFileError(f"{file} is damaged or no plan: not UTF-8 at byte {exc.start}") from None
    except json.JSONDecodeError as exc:
        raise PlanFileError(
            f"{file} is damaged or no plan: not JSON at line {exc.lineno}, column {exc.colno}"
        ) from None
    except _Repeated as exc:
        raise PlanFileError(f"{file} is damaged: {exc}") from None
    except RecursionError:
        raise PlanFileError(f"{file} is no plan: nested over {MAX_DEPTH} levels") from None
    except ValueError:
        raise PlanFileError(f"{file} is damaged or no plan: a number in it can't be read") from None
    if not isinstance(document, dict):
        raise PlanFileError(f"{file} is no plan: it holds no JSON object")
    _check_depth(document, file)
    return document


class _Repeated(Exception):
    pass


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise _Repeated(f"the key {key[:40]!r} stands twice in one object")
            seen.add(key)
    return built


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_depth(document: dict[str, Any], file: str) -> None:
    level: list[Any] = [document]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise PlanFileError(f"{file} is no plan: nested over {MAX_DEPTH} levels")
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
