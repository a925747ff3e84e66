"""An instance as bytes: only the tokens that stand somewhere, and what later merges need to know of the past.

First byte: the version of this format; then JSON, compressed with zstd. The drawing is not in it (elements are named by
their ids), nor is history. Values are tagged by engine.values, so nothing a form sends can be taken for something else.
A tree of visits is stored as rows, parents first, each with what was written since its parent.
"""
from __future__ import annotations

import threading
from typing import Any

import orjson
import zstandard

from engine import values
from engine.bpmn import merging
from engine.bpmn.evaluation import FeelEngine
from engine.bpmn.known import Known
from engine.bpmn.scopes import LIVE, Inside, Root, Scope, ScopeSpec, Visit
from engine.bpmn.types import Host
from engine.errors import Failed, text

VERSION = 1
LARGEST = 64 * 1024 * 1024
_local = threading.local()


def encode(root: Root) -> bytes:
    """The instance as it stands. Raises TypeError for a variable that cannot be stored."""
    names: dict[str, int] = {}
    places: dict[str, tuple[int, int]] = {}
    scopes = [_scope_out(number, scope, names, places) for number, scope in enumerate(root.scopes)]
    stored = {
        "names": list(names),
        "scopes": scopes,
        "over": root.completed,
        "writes": root.writes,
        "result": values.encode(root.result) if root.completed else None,
    }
    return bytes([VERSION]) + _compressor().compress(orjson.dumps(stored))


def decode(content: bytes, key: str, spec: ScopeSpec, host: Host) -> Root:
    """The instance again. Raises Failed for bytes of an unknown version or elements that the drawing does not have."""
    if not content or content[0] != VERSION:
        raise Failed(text("The state of the instance has the unknown format {version}", version=content[:1].hex()))
    stored = orjson.loads(_decompressor().decompress(content[1:], max_output_size=LARGEST))
    root = Root(spec, key, host, FeelEngine(host))
    root.completed, root.writes = stored["over"], stored["writes"]
    if root.completed:
        root.result = values.decode(stored["result"])
    rows: list[list[Visit]] = []
    for kept in stored["scopes"]:
        scope = root if kept["in"] is None else _open(rows[kept["in"][0]][kept["in"][1]], kept["key"])
        scope.data.update(values.decode(kept["data"]))
        rows.append(_visits_in(scope, kept["rows"], stored["names"]))
    return root


def prune(root: Root) -> None:
    """Forget everything that can no longer influence anything: cost follows what is open, not what has happened."""
    for scope in root.scopes:
        if not scope.completed:
            _prune(scope)


def _prune(scope: Scope) -> None:
    """Keep the root, live visits, and finished ones where kept branches part or a branch began beside an activity."""
    tasks = scope.tasks
    parents: dict[str, dict[str, None]] = {}  # the paths from the root to live visits, as parent -> children on them
    for task in scope.live():
        at = task
        while at._parent is not None:
            below = parents.setdefault(at._parent, {})
            if at.id in below:
                break
            below[at.id] = None
            at = tasks[at._parent]
    root = scope.task_tree
    kept: dict[str, Visit] = {root.id: root}
    stack = [(child, root) for child in reversed(parents.get(root.id, {}))]
    root._children = []
    while stack:
        name, above = stack.pop()
        task, below = tasks[name], parents.get(name, {})
        begins = merging.BESIDE in task.internal_data and not _begins_again(tasks, parents, below)
        if task._state & LIVE or len(below) > 1 or begins:
            task._parent, task._children = above.id, []
            above._children.append(task.id)
            kept[task.id] = above = task
        stack += [(child, above) for child in reversed(below)]
    scope.tasks = kept


def _begins_again(
    tasks: dict[str, Visit], parents: dict[str, dict[str, None]], below: dict[str, None]
) -> bool:
    """Whether the one branch below goes on to another beginning before it parts or rests."""
    while len(below) == 1:
        task = tasks[next(iter(below))]
        if task._state & LIVE:
            return False
        if merging.BESIDE in task.internal_data:
            return True
        below = parents.get(task.id, {})
    return False


def _scope_out(
    number: int, scope: Scope, names: dict[str, int], places: dict[str, tuple[int, int]]
) -> dict[str, Any]:
    rows: list[list[Any]] = []
    if not scope.top.completed:
        stack = [(scope.task_tree, -1)]
        while stack:
            task, above = stack.pop()
            place = len(rows)
            places[task.id] = (number, place)
            rows.append(_row(task, above, names))
            stack += [(scope.tasks[child], place) for child in reversed(task._children)]
    return {
        "in": None if scope.owner is None else places[scope.owner.id],
        "key": scope.key if scope.called else None,
        "data": values.encode(scope.data),
        "rows": rows,
    }


def _row(task: Visit, above: int, names: dict[str, int]) -> list[Any]:
    held = task.scope.tasks[task._parent].known if task._parent is not None else Known()
    known = task.known
    delta = [] if known is held else [
        name for name in known.values if name not in held.values or known.number(name) != held.number(name)
    ]  # fmt: skip
    return [
        task.id,
        above,
        names.setdefault(task.task_spec.name, len(names)),
        task._state,
        values.encode(task.internal_data) if task.internal_data else 0,
        {name: values.encode(known.values[name]) for name in delta} or 0,
        {name: known.writes[name] for name in delta if name in known.writes} or 0,
    ]


def _open(owner: Visit, key: str | None) -> Scope:
    spec, own_key, called = owner.node.reopen(owner, key)
    return Inside(spec, owner, own_key, called)


def _visits_in(scope: Scope, rows: list[list[Any]], names: list[str]) -> list[Visit]:
    visits: list[Visit] = []
    for token_id, above, name, stood, internal, delta, writes in rows:
        parent = visits[above] if above >= 0 else None
        node = scope.spec.task_specs.get(names[name])
        if node is None:
            raise Failed(text("A token stands at «{element}», which the procedure does not have", element=names[name]))
        task = Visit(scope, node, parent, stood, token_id)
        held = parent.known if parent is not None else Known()
        task.known = held if not delta else Known(
            {**held.values, **{name: values.decode(item) for name, item in delta.items()}},
            {**held.writes, **(writes or {})},
        )  # fmt: skip
        if internal:
            task.internal_data = values.decode(internal)
        visits.append(task)
    if visits:
        scope.task_tree = visits[0]
    return visits


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=3, write_content_size=True)
    found: zstandard.ZstdCompressor = _local.compressor
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    found: zstandard.ZstdDecompressor = _local.decompressor
    return found


