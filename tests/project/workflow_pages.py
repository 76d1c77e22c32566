"""`docs/workflows/`: one page for each state machine, drawn from its table of moves."""

from __future__ import annotations

import importlib
from types import ModuleType

from raiportal.workflow import Move, Workflow
from tests.project import source


def pages() -> dict[str, str]:
    """Content by file name, for every Workflow that a `workflow.py` of an app holds."""
    found = {}
    for path in source.files():
        if path.name == "workflow.py" and path.parts[0] != "raiportal" and path.parts[0] in source.APPS:
            module = importlib.import_module(".".join(path.with_suffix("").parts))
            found.update({f"{workflow.kind.replace('.', '-')}.md": _page(workflow, str(path)) for workflow in _workflows(module)})
    return found


def _workflows(module: ModuleType) -> list[Workflow]:
    return [value for value in vars(module).values() if isinstance(value, Workflow)]


def _page(workflow: Workflow, place: str) -> str:
    app, _, noun = workflow.kind.partition(".")
    moves = list(workflow.moves.values())
    sources = {state for move in moves for state in move.sources}
    lines = [
        f"# {noun.replace('_', ' ').capitalize()}",
        "",
        f"How a {noun.replace('_', ' ')} of `{app}` moves. Drawn from `{place}` by `python -m tests.project.write_docs`; a test compares.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *[f"    {state} --> {move.target}: {_words(move)}" for move in moves for state in _ordered(move.sources)],
        *[f"    {state} --> [*]" for state in _ordered({move.target for move in moves} - sources)],
        "```",
        "",
        "| Move | From | To | Who may: rule | Not before |",
        "| --- | --- | --- | --- | --- |",
        *[_row(move) for move in moves],
    ]
    return "\n".join(lines) + "\n"


def _row(move: Move) -> str:
    conditions = ", ".join(f"`{getattr(condition, '__name__', '').lstrip('_')}`" for condition in move.unmet)
    return f"| {_words(move)} | {', '.join(_ordered(move.sources))} | {move.target} | `{move.may.__name__}` | {conditions} |"


def _words(move: Move) -> str:
    return move.slug.replace("_", " ")


def _ordered(states: object) -> list[str]:
    return sorted(str(state) for state in states)  # type: ignore[attr-defined]
