"""Reading from a syntax tree what writes to the database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from pathlib import PurePath

ALWAYS_WRITES = frozenset(
    {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "abulk_create", "asave", "acreate", "aupdate", "adelete", "_raw_delete"}
)
WRITES_ON_ROWS = frozenset({"create", "delete"})
WRITES_ON_MANY_TO_MANY = frozenset({"add", "set", "remove", "clear"})
LEADS_TO_ROWS = frozenset({"objects", "_base_manager", "_default_manager"})
ROW_METHODS = frozenset({"filter", "exclude", "all", "select_for_update", "visible_to", "order_by", "lock", "get", "first", "in_force", "using"})
WRITING_STATEMENT = re.compile(
    r"\b(insert\s+into\s+\w+|delete\s+from\s+\w+|update\s+\w+(\s+as)?(\s+\w+)?\s+set\b|merge\s+into\s+\w+|copy\s+\w+\s*(\([^)]*\)\s*)?from\b)|^\s*truncate\s+\w+",
    re.I,
)
WRITING_BASES = re.compile(r"^(Create|Update|Destroy)ModelMixin$|^ModelViewSet$|^(\w*Create|\w*Update|\w*Destroy)\w*APIView$|^(Create|Update|Delete|Form)View$")
FORMS_AND_SERIALIZERS = re.compile(r"(^|_)(form|serializer)s?$")

# Where writing is allowed, each with its reason.
WRITERS = {
    "actions": "actions",
    "migrations": "migrations",
    "raiportal/accounts/factors.py": "actions on second factors",
    "raiportal/accounts/invitations.py": "actions on invitations and password links",
    "raiportal/accounts/sign_ins.py": "actions on sessions, and the notes of when they were seen",
    "raiportal/accounts/single_sign_on.py": "accounts and roles that the identity provider brings",
    "raiportal/workflow.py": "the one writer of state fields",
    "raiportal/audit/ledger.py": "the ledger",
    "raiportal/api/idempotency.py": "keeps an API's answers; decides nothing",
    "raiportal/embedded/postgres.py": "the supervisor forgets the signs of life of an earlier start",
    "measurements/engine": "stores what machines found; called by actions and pumps, each batch under its lease",
}


def may_write(path: PurePath) -> bool:
    """Whether this module is one of the places that change rows."""
    return any(part.removesuffix(".py") in WRITERS for part in path.parts) or any(str(path).startswith(place) for place in WRITERS if "/" in place)


def writes(module: ast.Module, many_to_many: Set[str]) -> Iterator[str]:
    """`line: what` for each expression that writes rows. `many_to_many` are the names of such fields."""
    prose = set(_docstrings(module))
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _call_writes(node, node.func, many_to_many):
            yield f"{node.lineno}: .{node.func.attr}()"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose and WRITING_STATEMENT.search(node.value):
            yield f"{node.lineno}: SQL {node.value.split()[0]}"
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.lineno}: class from {name}" for name in map(_last_name, node.bases) if WRITING_BASES.match(name))


def saves_a_form(module: ast.Module) -> Iterator[str]:
    """`line: what` for each `form.save()` or `serializer.save()`: forbidden everywhere, also in actions."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "save":
            name = _last_name(node.func.value)
            if FORMS_AND_SERIALIZERS.search(name.lower()):
                yield f"{node.lineno}: {name}.save()"


def _call_writes(call: ast.Call, function: ast.Attribute, many_to_many: Set[str]) -> bool:
    if function.attr in ALWAYS_WRITES:
        return True
    if function.attr in WRITES_ON_ROWS:
        return _names(function.value).isdisjoint({"chat", "completions"})  # the vendor's client has a `create` too
    if function.attr == "update":
        return (not call.args and bool(call.keywords)) or bool(_names(function.value) & (LEADS_TO_ROWS | ROW_METHODS))
    return function.attr in WRITES_ON_MANY_TO_MANY and isinstance(function.value, ast.Attribute) and function.value.attr in many_to_many


def _names(node: ast.AST) -> set[str]:
    """Attribute names along a chain of attributes and calls."""
    return {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript | ast.Call):
        return _last_name(node.value if isinstance(node, ast.Subscript) else node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _docstrings(module: ast.Module) -> Iterator[int]:
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield id(first.value)
