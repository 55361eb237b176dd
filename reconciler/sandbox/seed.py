"""Seeds: what a store is filled with from JSON.

A seed is one of
- a list of runners in the API's shape; only `name` and `endpoint` are required,
- the output of `reconciler list --format json`, that is an object with `format_version` and `runners`; header values
  that it hides become the literal text `(sensitive)`,
- an object of these keys, all optional:

      user             the account's fields that differ from the default (id, name, email, tier, deleted, provider, …)
      tier             free, pro, plus or enterprise: short for user.tier
      tokens           each a string, or {"token", "expires_at", "revoked"}
      runners          as above
      workflows        {"id", "name", "status", "tags", "created_at", "updated_at", "started_at", "completed_at"}
      managed_runners  {"id", "name", "runner_type", "status", "tags", "created_at", "updated_at"}
      accounts         further accounts, each an object of the keys above with a user.id

The API lists what a seed holds in the seed's order, where `created_at` does not say otherwise. A seed only adds: what
has an id (or without one, a kind, account, place and name) that the store knows already is left as it is, so a server
may be started again with the same file and the same seed; accounts and tokens take the seed's values anew. Types are
checked, the API's limits are not: a fleet may begin with what the API would refuse, such as an unknown status.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.sandbox.clock import parse_stamp, stamp
from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, RUNNER, WORKFLOW
from reconciler.sandbox.failures import SeedError
from reconciler.sandbox.store import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.sandbox.store import Store

_NAMES: Final = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}

TIERS: Final = ("free", "pro", "plus", "enterprise")


def _typed(value: Any, kind: type, at: str) -> Any:
    if not isinstance(value, kind):
        raise SeedError(f"{at} must be {_NAMES[kind]}")
    return value


def _no_other_keys(given: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
    for key in given:
        if key not in known:
            raise SeedError(f"{prefix}{key} is unknown; known are: {', '.join(known)}")


def _checked(given: Any, fields: Mapping[str, Callable[[Any, str], Any]], at: str) -> dict[str, Any]:
    _no_other_keys(_typed(given, dict, at), tuple(fields), f"{at}.")
    return {name: fields[name](value, f"{at}.{name}") for name, value in given.items()}


def _flag(value: Any, at: str) -> bool:
    return bool(_typed(value, bool, at))


def _text(value: Any, at: str) -> str:
    try:
        _typed(value, str, at).encode()
    except UnicodeEncodeError as exc:
        raise SeedError(f"{at} must be valid Unicode") from exc
    return str(value)


def _texts(value: Any, at: str) -> list[str]:
    return [_text(each, f"{at}[{number}]") for number, each in enumerate(_typed(value, list, at))]


def _text_map(value: Any, at: str) -> dict[str, str]:
    return {_text(name, at): _text(each, f"{at}.{name}") for name, each in _typed(value, dict, at).items()}


def _ident(value: Any, at: str) -> str:
    try:
        return str(uuid.UUID(_text(value, at)))
    except ValueError as exc:
        raise SeedError(f"{at} must be a UUID") from exc


def _time(value: Any, at: str) -> str:
    try:
        return stamp(parse_stamp(_text(value, at)))
    except (ValueError, OverflowError) as exc:
        raise SeedError(f"{at} must be an ISO 8601 time, such as 2024-01-15T10:30:00Z") from exc


def _maybe_time(value: Any, at: str) -> str | None:
    return None if value is None else _time(value, at)


_KINDS: Final = {"runners": RUNNER, "workflows": WORKFLOW, "managed_runners": MANAGED}
_ACCOUNT_KEYS: Final = ("user", "tier", "tokens", *_KINDS)
_STAMPS: Final = {"created_at": _time, "updated_at": _time}
_USER_FIELDS: Final = {
    "id": _ident,
    "name": _text,
    "email": _text,
    "deleted": _flag,
    "tier": _text,
    "provider": _text,
    **_STAMPS,
}
_TOKEN_FIELDS: Final = {"token": _text, "expires_at": _time, "revoked": _flag}
_COMMON: Final = {"id": _ident, "name": _text, "status": _text, "tags": _texts, **_STAMPS}
_FIELDS: Final[dict[str, dict[str, Callable[[Any, str], Any]]]] = {
    RUNNER: {**_COMMON, "user_id": _text, "endpoint": _text, "headers": _text_map},
    WORKFLOW: {**_COMMON, "started_at": _maybe_time, "completed_at": _maybe_time},
    MANAGED: {**_COMMON, "runner_type": _text},
}
_REQUIRED: Final = {RUNNER: ("name", "endpoint"), WORKFLOW: ("name",), MANAGED: ("name",)}


def load_seed(path_or_text: str | Path, store: Store) -> None:
    """Fill a store from a file, or from JSON text (what begins with `{` or `[`). Raises SeedError and StoreError."""
    for account in _accounts(_read(path_or_text)):
        store.set_user(account.user)
        for token, record in account.tokens:
            store.add_token(token, record)
        for kind, entities in account.entities.items():
            store.add_many(reversed(entities), user_id=account.user["id"], kind=kind)


class _Account(NamedTuple):
    """A checked account; `entities` by kind, in the seed's order."""

    user: dict[str, Any]
    tokens: list[tuple[str, Token]]
    entities: dict[str, list[dict[str, Any]]]


def _accounts(seed: Any) -> list[_Account]:
    """Every account of the seed, checked whole before anything of it is stored."""
    if isinstance(seed, list):
        seed = {"runners": seed}
    _typed(seed, dict, "the seed")
    if "format_version" in seed:
        return [_account({"runners": seed.get("runners")}, "", foreign=True)]
    _no_other_keys(seed, (*_ACCOUNT_KEYS, "accounts"), "")
    accounts = [_account({key: value for key, value in seed.items() if key != "accounts"}, "")]
    for number, further in enumerate(_list(seed, "accounts", "")):
        at = f"accounts[{number}]"
        _no_other_keys(_typed(further, dict, at), _ACCOUNT_KEYS, f"{at}.")
        if "id" not in _typed(further.get("user"), dict, f"{at}.user"):
            raise SeedError(f"{at}.user.id is missing: only the first account has a default one")
        accounts.append(_account(further, f"{at}."))
    return accounts


def _read(path_or_text: str | Path) -> Any:
    if isinstance(path_or_text, str) and path_or_text.lstrip()[:1] in ("{", "["):
        content, source = path_or_text, "the seed"
    else:
        source = str(path_or_text)
        try:
            content = Path(path_or_text).read_text(encoding="utf-8")
        except (OSError, ValueError) as exc:
            raise SeedError(f"{source}: the seed cannot be read: {type(exc).__name__}") from exc
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as exc:
        where = f" at line {exc.lineno}, column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise SeedError(f"{source}: no JSON{where}") from exc


def _account(account: Mapping[str, Any], at: str, *, foreign: bool = False) -> _Account:
    user = _checked(account.get("user", {}), _USER_FIELDS, f"{at}user")
    if "tier" in account:
        user["tier"] = account["tier"]
    if user.get("tier", TIERS[0]) not in TIERS:
        raise SeedError(f"{at}tier must be one of: {', '.join(TIERS)}")
    user_id = user.setdefault("id", DEFAULT_USER_ID)
    tokens = [_token(token, user_id, f"{at}tokens[{n}]") for n, token in enumerate(_list(account, "tokens", at))]
    entities = {
        kind: [
            _entity(kind, entity, user_id, number, f"{at}{key}[{number}]", foreign=foreign)
            for number, entity in enumerate(_list(account, key, at))
        ]
        for key, kind in _KINDS.items()
    }
    return _Account(user, tokens, entities)


def _entity(kind: str, given: Any, user_id: str, number: int, at: str, *, foreign: bool) -> dict[str, Any]:
    fields = _FIELDS[kind]
    if foreign:
        given = {name: value for name, value in _typed(given, dict, at).items() if name in fields}
    entity = _checked(given, fields, at)
    for name in _REQUIRED[kind]:
        if name not in entity:
            raise SeedError(f"{at}.{name} is missing")
    # An id made from what and where it is: the same seed gives the same ids, so loading it twice adds nothing.
    made = hashlib.sha256(f"{kind}\0{user_id}\0{number}\0{entity['name']}".encode()).digest()
    entity.setdefault("id", str(uuid.UUID(bytes=made[:16], version=4)))
    return entity


def _token(given: Any, user_id: str, at: str) -> tuple[str, Token]:
    if isinstance(given, str):
        return given, Token(user_id)
    record = _checked(given, _TOKEN_FIELDS, at)
    if "token" not in record:
        raise SeedError(f"{at}.token is missing")
    return record["token"], Token(user_id, record.get("expires_at"), record.get("revoked", False))


def _list(account: Mapping[str, Any], key: str, at: str) -> list[Any]:
    listed: list[Any] = _typed(account.get(key, []), list, f"{at}{key}")
    return listed
