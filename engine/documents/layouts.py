"""The life of document templates: draft, approved, in force from a day on, withdrawn (R157, R180).

A published version is a draft; the director, the lawyer or the accountant approves it, and not whoever published it.
Documents are made from the newest version in force on their day. A version from before there were lives is in force.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from engine import access, audit
from engine.documents import renderer, samples
from engine.documents.dates import date_short
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models import Deployment, Resource, TemplateVersion, User
from engine.vocabulary import LayoutStatus, ResourceKind
from engine.work import Work

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """One version of a template as the library shows it. ``current``: documents of today are made from it."""

    template: str
    version: int
    status: str
    in_force_from: date | None
    approved_by: str
    published_at: Any
    note: str
    current: bool


def in_force(session: Session, key: str, on: date) -> Resource:
    """The version documents of this day are made from. Raises NotFound with what to do."""
    found = session.scalar(
        select(Resource)
        .outerjoin(TemplateVersion, _life_of(Resource))
        .where(Resource.kind == ResourceKind.TEMPLATE, Resource.key == key, _holds(TemplateVersion, on))
        .order_by(Resource.version.desc())
        .limit(1)
    )
    if found is not None:
        return found
    if session.scalar(select(Resource.id).where(Resource.kind == ResourceKind.TEMPLATE, Resource.key == key)) is None:
        raise NotFound("There is no document template «{key}».", key=key)
    raise NotFound(
        "No version of the template «{key}» is in force on {day}. Have one approved and put in force.",
        key=key, day=date_short(on),
    )  # fmt: skip


def approve(work: Work, template: str, version: int, note: str = "") -> TemplateVersion:
    """Answer for a draft. Raises Forbidden (no right, or one's own publication), NotFound, WrongState."""
    access.require(work, "layouts.approve")
    life, resource = _find(work.session, template, version)
    _expect(life, LayoutStatus.DRAFT)
    deployment = work.session.get(Deployment, resource.deployment_id)
    if deployment is not None and deployment.actor_id is not None and deployment.actor_id == work.actor.user_id:
        raise Forbidden("Whoever published a template does not approve it.")
    life.status, life.approved_by, life.approved_at = LayoutStatus.APPROVED, work.actor.user_id, work.now
    life.note = note.strip() or life.note
    _record(work, life, "layout.approved", sha256=resource.sha256)
    return life


def put_in_force(work: Work, template: str, version: int, from_day: date) -> TemplateVersion:
    """Documents of ``from_day`` and later are made from it. Raises Forbidden, NotFound, WrongState, Invalid (a day that
    has passed)."""
    access.require(work, "layouts.approve")
    life, _ = _find(work.session, template, version)
    _expect(life, LayoutStatus.APPROVED)
    if from_day < work.now.astimezone(work.env.calendar("main").zone).date():
        raise Invalid("A template is in force from today or a later day.")
    life.status, life.in_force_from = LayoutStatus.IN_FORCE, from_day
    _record(work, life, "layout.put_in_force", from_day=from_day)
    return life


def withdraw(work: Work, template: str, version: int, reason: str) -> TemplateVersion:
    """It is used no more; documents already made stay. Raises Forbidden, NotFound, WrongState, Invalid (no reason)."""
    access.require(work, "layouts.approve")
    if not reason.strip():
        raise Invalid("Say why.")
    life, _ = _find(work.session, template, version)
    if life.status == LayoutStatus.WITHDRAWN:
        raise WrongState("Version {version} of «{key}» is withdrawn already.", version=version, key=template)
    was, life.status, life.withdrawn_at, life.note = life.status, LayoutStatus.WITHDRAWN, work.now, reason.strip()
    _record(work, life, "layout.withdrawn", was=was, reason=reason.strip())
    return life


def listing(session: Session, on: date) -> dict[str, list[Layout]]:
    """All templates with their versions, the newest first (R180)."""
    person = aliased(User)
    rows = session.execute(
        select(Resource.key, Resource.version, Deployment.at, TemplateVersion, person)
        .outerjoin(TemplateVersion, _life_of(Resource))
        .outerjoin(Deployment, Deployment.id == Resource.deployment_id)
        .outerjoin(person, person.id == TemplateVersion.approved_by)
        .where(Resource.kind == ResourceKind.TEMPLATE)
        .order_by(Resource.key, Resource.version.desc())
    )
    found: dict[str, list[Layout]] = {}
    for key, version, at, life, approver in rows:
        versions = found.setdefault(key, [])
        holds = life is None or _is_held(life, on)
        versions.append(
            Layout(
                template=key, version=version, status=life.status if life else LayoutStatus.IN_FORCE,
                in_force_from=life.in_force_from if life else None, approved_by=approver.name if approver else "",
                published_at=at, note=(life.note if life else None) or "",
                current=holds and not any(one.current for one in versions),
            )
        )  # fmt: skip
    return found


def preview(session: Session, settings: Mapping[str, Any], template: str, version: int) -> bytes:
    """The DOCX of a version filled from the sample beside the shipped template. Raises NotFound, Failed."""
    resource = session.scalar(
        select(Resource).where(Resource.kind == ResourceKind.TEMPLATE, Resource.key == template,
                               Resource.version == version)
    )  # fmt: skip
    if resource is None:
        raise NotFound("There is no version {version} of the template «{key}».", version=version, key=template)
    sample = ROOT / "documents" / f"{template}.sample.yaml"
    if not sample.is_relative_to(ROOT / "documents") or not sample.is_file():
        raise NotFound("There is no sample data for the template «{key}».", key=template)
    context = samples.build(sample.read_bytes(), settings)
    return renderer.shared().render(resource.content, context, resource.file)


def _life_of(resource: Any) -> Any:
    return and_(TemplateVersion.template == resource.key, TemplateVersion.version == resource.version)


def _holds(life: Any, on: date) -> Any:
    """In force on a day; a resource without a life is from before there were lives."""
    return or_(life.template.is_(None), and_(life.status == LayoutStatus.IN_FORCE, life.in_force_from <= on))


def _is_held(life: TemplateVersion, on: date) -> bool:
    return life.status == LayoutStatus.IN_FORCE and life.in_force_from is not None and life.in_force_from <= on


def _find(session: Session, template: str, version: int) -> tuple[TemplateVersion, Resource]:
    resource = session.scalar(
        select(Resource).where(Resource.kind == ResourceKind.TEMPLATE, Resource.key == template,
                               Resource.version == version)
    )  # fmt: skip
    if resource is None:
        raise NotFound("There is no version {version} of the template «{key}».", version=version, key=template)
    life = session.get(TemplateVersion, (template, version))
    if life is None:  # from before there were lives
        life = TemplateVersion(template=template, version=version, status=LayoutStatus.IN_FORCE)
        session.add(life)
    return life, resource


def _expect(life: TemplateVersion, status: LayoutStatus) -> None:
    if life.status != status:
        raise WrongState("Version {version} of «{key}» is {status}.", version=life.version,
                         key=life.template, status=life.status)


def _record(work: Work, life: TemplateVersion, kind: str, **data: Any) -> None:
    audit.record(work, kind, subject=f"layout:{life.template}", template=life.template, version=life.version, **data)
