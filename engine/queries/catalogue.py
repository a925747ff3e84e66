"""The catalogue of procedures: who, when, until when, which documents and control points, what it answers, where it
leads. Read off the drawings in force, so it never says anything else than what runs."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn.types import Element, Procedure
from engine.definitions import Definition
from engine.environment import Environment
from engine.models import Group, ProcessDefinition, ProcessInstance

NUMBER = re.compile(r"R(\d{3})(?:\s*[-–—]\s*R?(\d{3}))?")
SETTING = re.compile(r"""setting\("([\w.-]+)"\)""")
LITERAL = re.compile(r"""^=?\s*"?([\w-]+)"?$""")
START = "procedure.start"
KIND_INPUTS = ("doc_kind", "kind")


@dataclass(frozen=True)
class Point:
    """A control point of a procedure: code, what must be established, the norm; empty: by a date of the case."""

    code: str
    title: str
    norm: str


@dataclass(frozen=True)
class Entry:
    """One procedure. ``begins``: how it starts: ``person``, ``call``, ``message:…``, ``signal:…``, ``timer:…``.

    ``who``: names of the lanes; ``deadlines``: step -> norm; ``leads_to``/``comes_from``: keys of other procedures;
    ``requirements``: the R numbers it answers.
    """

    key: str
    name: str
    version: int
    folder: str
    about: str
    begins: tuple[str, ...]
    starters: tuple[str, ...]
    who: tuple[str, ...]
    deadlines: tuple[tuple[str, str], ...]
    documents: tuple[str, ...]
    points: tuple[Point, ...]
    requirements: tuple[int, ...]
    leads_to: tuple[str, ...]
    comes_from: tuple[str, ...] = ()
    running: int = 0


def numbers(text: str | None) -> set[int]:
    """Requirement numbers in a text: ``R224–R226, R139`` -> {139, 224, 225, 226}."""
    found: set[int] = set()
    for first, last in NUMBER.findall(text or ""):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def entries(session: Session, env: Environment) -> list[Entry]:
    """Every procedure in force, by name."""
    in_force = env.library.in_force(session)
    groups = {row.key: row.title for row in session.scalars(select(Group))}
    files = {row[0]: row[1] for row in session.execute(select(ProcessDefinition.id, ProcessDefinition.file))}
    heard = {name: one.key for one in in_force for name in _start_names(one.procedure)}
    running = _running(session)
    made = [
        _entry(one, env, groups, files[one.id], heard, running.get(one.key, 0)) for one in in_force
    ]  # fmt: skip
    known = {entry.key for entry in made}
    for at, entry in enumerate(made):
        came = tuple(other.key for other in made if entry.key in other.leads_to)
        begins = entry.begins or (("call",) if came else ())
        ahead = tuple(key for key in entry.leads_to if key in known)
        made[at] = replace(entry, comes_from=came, begins=begins, leads_to=ahead)
    return sorted(made, key=lambda entry: entry.name)


def _entry(
    one: Definition, env: Environment, groups: Mapping[str, str], file: str, heard: Mapping[str, str], running: int
) -> Entry:
    procedure = one.procedure
    elements = list(procedure.elements.values())
    return Entry(
        key=one.key, name=one.name, version=one.version, folder=file.split("/")[1] if "/" in file else "",
        about=procedure.documentation or "",
        begins=_begins(one),
        starters=tuple(groups.get(key, key) for key in one.starter_groups),
        who=tuple(dict.fromkeys(element.lane for element in elements if element.lane)),
        deadlines=tuple(_deadlines(elements, env)),
        documents=tuple(_documents(elements, env)),
        points=tuple(_points(elements, env)),
        requirements=tuple(sorted(requirements(procedure))),
        leads_to=tuple(dict.fromkeys(_leads_to(procedure, heard))),
        running=running,
    )  # fmt: skip


def requirements(procedure: Procedure) -> set[int]:
    """The R numbers a drawing names, on itself and on its steps."""
    texts: Iterable[str | None] = (procedure.documentation, *(e.documentation for e in procedure.elements.values()))
    return set().union(*(numbers(text) for text in texts))


def _begins(one: Definition) -> tuple[str, ...]:
    procedure = one.procedure
    found = ["person"] if one.starter_groups else []
    found += [f"message:{name}" for name in sorted(procedure.start_messages)]
    found += [f"signal:{name}" for name in sorted(procedure.start_signals)]
    return tuple(found + [f"timer:{raw}" for raw in procedure.start_timers])


def _deadlines(elements: list[Element], env: Environment) -> Iterable[tuple[str, str]]:
    for element in elements:
        if element.kind == "userTask" and element.settings.due_date:
            yield element.name, _norm(element.settings.due_date, env)


def _points(elements: list[Element], env: Environment) -> Iterable[Point]:
    seen: set[tuple[str, str]] = set()
    for element in elements:
        own = element.settings.properties
        code = own.get("controlPoint")
        if not code or (code, own.get("cpTitle", "")) in seen:
            continue
        seen.add((code, own.get("cpTitle", "")))
        norm = _norm(own["cpDue"], env) if "cpDue" in own else str(env.setting(f"deadlines.{code}", ""))
        yield Point(code, own.get("cpTitle") or element.name, norm)


def _norm(raw: str, env: Environment) -> str:
    """The norms that the settings say, parted by `` / ``; of an expression without any, nothing: it is a date."""
    if not raw.startswith("="):
        return raw
    return " / ".join(dict.fromkeys(str(env.setting(path, "")) for path in SETTING.findall(raw)))


def _documents(elements: list[Element], env: Environment) -> Iterable[str]:
    kinds: Mapping[str, Any] = env.setting("documents", {})
    named: dict[str, None] = {}
    for element in elements:
        for target, source in element.settings.inputs:
            found = LITERAL.match(source) if target in KIND_INPUTS else None
            if found and found.group(1) in kinds:
                named[str(kinds[found.group(1)].get("title") or found.group(1))] = None
    return named


def _leads_to(procedure: Procedure, heard: Mapping[str, str]) -> Iterable[str]:
    yield from sorted(procedure.calls)
    for name in sorted(procedure.throws):
        if name in heard and heard[name] != procedure.key:
            yield heard[name]
    for element in procedure.elements.values():
        own = element.settings
        if "cpEscalation" in own.properties:
            yield own.properties["cpEscalation"]
        if own.action == START:
            yield from _named(source for target, source in own.inputs if target == "procedure")


def _named(sources: Iterable[str]) -> Iterable[str]:
    """Keys in a literal or in the branches of an expression: ``=if … then "a" else "b"``."""
    for source in sources:
        quoted = re.findall(r'"(\w+)"', source)
        yield from quoted if source.startswith("=") else [source]


def _start_names(procedure: Procedure) -> set[str]:
    return {f"message:{name}" for name in procedure.start_messages} | {
        f"signal:{name}" for name in procedure.start_signals
    }


def _running(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(ProcessInstance.key, func.count())
        .where(ProcessInstance.ended_at.is_(None))
        .group_by(ProcessInstance.key)
    )
    return {row[0]: row[1] for row in rows}
