"""What has been published, ready to run: procedures compiled, forms and decisions read, each version once per process.

A published version never changes, so what is cached here never goes stale; only which version is the latest is asked of
the database every time.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine import forms
from engine.bpmn import gate
from engine.bpmn.types import Procedure
from engine.errors import NotFound
from engine.feel import dmn
from engine.models import ProcessDefinition, Resource, table_of
from engine.rows import Prepared
from engine.vocabulary import ResourceKind

DEFINITIONS = table_of(ProcessDefinition)
LATEST = Prepared(
    select(DEFINITIONS.c.id)
    .where(DEFINITIONS.c.key == bindparam("key"))
    .order_by(DEFINITIONS.c.version.desc())
    .limit(1)
)

CONTROL_POINT = "controlPoint"


@dataclass(frozen=True)
class Definition:
    """One version of one procedure with everything bound to it: ``forms``: form key -> version; ``decisions``: decision
    id -> (resource key, version). ``watched``: whether it has control points."""

    id: int
    key: str
    version: int
    name: str
    procedure: Procedure = field(repr=False)
    forms: Mapping[str, int]
    decisions: Mapping[str, tuple[str, int]]
    calls: tuple[str, ...]
    starter_groups: tuple[str, ...]
    watched: bool


class Library:
    """The versions in use, read on first need. Safe for threads: at worst two of them read the same version."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, Procedure]] = {}
        self._definitions: dict[int, Definition] = {}
        self._ids: dict[tuple[str, int], int] = {}
        self._resources: dict[tuple[str, str, int], Any] = {}

    def definition(self, session: Session, definition_id: int) -> Definition:
        """Raises NotFound."""
        found = self._definitions.get(definition_id)
        return found or self._keep(session.get(ProcessDefinition, definition_id))

    def bound(self, session: Session, key: str, version: int) -> Definition:
        """That version of that procedure. Raises NotFound."""
        known = self._ids.get((key, version))
        if known is not None:
            return self._definitions[known]
        wanted = (ProcessDefinition.key == key, ProcessDefinition.version == version)
        return self._keep(session.scalar(select(ProcessDefinition).where(*wanted)))

    def latest(self, session: Session, key: str) -> Definition:
        """The version in force for new instances. Raises NotFound."""
        found = LATEST.see(session, key=key)
        if not found:
            raise NotFound("There is no procedure «{key}»", key=key)
        return self.definition(session, found[0][0])

    def in_force(self, session: Session) -> list[Definition]:
        """The latest version of every procedure, by key."""
        latest = (
            select(ProcessDefinition.key, func.max(ProcessDefinition.version).label("version"))
            .group_by(ProcessDefinition.key)
            .subquery()
        )
        rows = session.scalars(
            select(ProcessDefinition.id)
            .join(latest, (latest.c.key == ProcessDefinition.key) & (latest.c.version == ProcessDefinition.version))
            .order_by(ProcessDefinition.key)
        )
        return [self.definition(session, row) for row in rows]

    def form(self, session: Session, key: str, version: int) -> Any:
        """That version of that form, read. Raises NotFound."""
        return self._resource(session, ResourceKind.FORM, key, version)

    def decision(self, session: Session, key: str, version: int) -> Any:
        """That version of that decision file, read. Raises NotFound."""
        return self._resource(session, ResourceKind.DECISION, key, version)

    def _resource(self, session: Session, kind: str, key: str, version: int) -> Any:
        place = (kind, key, version)
        if place not in self._resources:
            row = session.scalar(
                select(Resource).where(Resource.kind == kind, Resource.key == key, Resource.version == version)
            )
            if row is None:
                raise NotFound("There is no {kind} «{key}» of version {version}", kind=kind, key=key, version=version)
            is_form = kind == ResourceKind.FORM
            self._resources[place] = forms.read(row.content) if is_form else dmn.read(row.content, row.file)
        return self._resources[place]

    def _keep(self, row: ProcessDefinition | None) -> Definition:
        if row is None:
            raise NotFound("There is no such version of a procedure")
        if row.sha256 not in self._files:
            self._files[row.sha256] = {item.key: item for item in gate.load(row.file, row.xml)}
        procedure = self._files[row.sha256][row.key]
        definition = Definition(
            id=row.id,
            key=row.key,
            version=row.version,
            name=row.name,
            procedure=procedure,
            forms=row.forms,
            decisions={name: (where[0], where[1]) for name, where in row.decisions.items()},
            calls=tuple(row.calls),
            starter_groups=tuple(row.starter_groups),
            watched=any(CONTROL_POINT in item.settings.properties for item in procedure.elements.values()),
        )
        self._definitions[row.id] = definition
        self._ids[row.key, row.version] = row.id
        return definition
