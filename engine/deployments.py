"""Publication: files become versions, all of them or none. What has not changed makes no version.

A version of a procedure is its drawing together with the forms and decisions bound to it; so a changed form makes a new
version of every procedure that shows it, and an instance that runs keeps the form it began with.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import access, audit, forms, starts
from engine.bpmn import gate
from engine.bpmn.crosscheck import Known
from engine.bpmn.types import Procedure
from engine.environment import Environment
from engine.errors import Conflict, Fault, NotFound, Refused
from engine.feel import dmn
from engine.models import Deployment, DraftFile, Group, ProcessDefinition, Resource, TemplateVersion, User
from engine.vocabulary import LayoutStatus, ResourceKind
from engine.work import Work

KINDS = {
    ".bpmn": ResourceKind.PROCESS,
    ".form": ResourceKind.FORM,
    ".dmn": ResourceKind.DECISION,
    ".docx": ResourceKind.TEMPLATE,
}
FOLDERS = ("processes", "forms", "documents")
FACTS = (
    "deal", "client", "contact", "company", "initiator", "deal_id", "client_id", "choices", "product", "complaint",
    "survey", "campaign",
)
BEGINNING = date(2000, 1, 1)  # from when shipped templates hold
SHOWN = 20  # characters of a hash in the log


@dataclass
class Bundle:
    """Files as read: what is in them, what is wrong with them."""

    procedures: dict[str, tuple[Procedure, ...]] = field(default_factory=dict)
    provides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def key_of(path: str) -> str:
    """``forms/sale/plan_meeting.form`` -> ``sale/plan_meeting``."""
    parts = PurePosixPath(path).with_suffix("").parts
    return "/".join(parts[1:] if parts[0] in FOLDERS and len(parts) > 1 else parts)


def kind_of(path: str) -> ResourceKind | None:
    """None for files that are not published (sample data, scenarios, readmes)."""
    return KINDS.get(PurePosixPath(path).suffix)


def files_of(root: Path) -> dict[str, bytes]:
    """The content folders under ``root`` (processes/, forms/, documents/) as publishable files by relative path."""
    found = (path for folder in FOLDERS for path in sorted((root / folder).rglob("*")) if path.is_file())
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in found if kind_of(path.name) is not None
    }  # fmt: skip


def check(session: Session, env: Environment, files: Mapping[str, bytes]) -> tuple[Fault, ...]:
    """All that would be said about these files at publication, warnings included."""
    return tuple(_read(session, env, files).faults)


def publish(work: Work, files: Mapping[str, bytes], note: str | None = None) -> Deployment | None:
    """Publish files; None when nothing in them is new. Raises Forbidden, Refused with all faults."""
    access.require(work, "definitions.publish")
    if _is_in_force(work.session, files):
        return None
    bundle = _read(work.session, work.env, files)
    errors = tuple(fault for fault in bundle.faults if fault.severity == "error")
    if errors:
        raise Refused("Nothing was published: {count} faults", errors, count=len(errors))
    shipped = work.actor.user_id is None or work.session.scalar(select(Deployment.id).limit(1)) is None
    deployment = Deployment(at=work.now, actor_id=work.actor.user_id, note=note)
    resources = list(_new_resources(work, files, bundle, deployment))
    definitions = list(_new_definitions(work, files, bundle, deployment))
    if not resources and not definitions:
        return None
    work.session.flush()
    _begin_lives(work, resources, shipped)
    _tell(work, deployment, resources, definitions)
    for row in definitions:
        starts.arm(work, work.env.library.definition(work.session, row.id))
    return deployment


def save_draft(work: Work, path: str, content: bytes, revision: int | None = None) -> DraftFile:
    """Keep an unpublished file, faults and all. ``revision``: the one it was begun from. Raises Forbidden, Conflict,
    NotFound (no such kind of file)."""
    access.require(work, "definitions.draft")
    kind = kind_of(path)
    if kind is None:
        raise NotFound("«{file}» is no kind of file that can be published", file=path)
    draft = work.session.scalar(_draft(kind, key_of(path)))
    if draft is not None and revision is not None and draft.revision != revision:
        raise Conflict("Somebody else has saved this file meanwhile. Reload it and look again.")
    if draft is None:
        draft = DraftFile(kind=kind, key=key_of(path), file=path)
        work.session.add(draft)
    draft.file, draft.content, draft.author_id, draft.saved_at = path, content, work.actor.user_id, work.now
    work.session.flush()
    audit.record(work, "draft.saved", subject=f"draft:{draft.id}", file=path, sha256=_sha(content)[:SHOWN])
    return draft


def discard_draft(work: Work, path: str) -> None:
    """Forget an unpublished file. Raises Forbidden, NotFound."""
    access.require(work, "definitions.draft")
    draft = _find_draft(work, path)
    work.session.delete(draft)
    audit.record(work, "draft.discarded", subject=f"draft:{draft.id}", file=path)


def publish_draft(work: Work, path: str, note: str | None = None) -> Deployment | None:
    """Publish a draft, which is then forgotten. Raises Forbidden, NotFound, Refused with all faults."""
    draft = _find_draft(work, path)
    deployment = publish(work, {draft.file: draft.content}, note)
    work.session.delete(draft)
    return deployment


def _find_draft(work: Work, path: str) -> DraftFile:
    kind = kind_of(path)
    draft = work.session.scalar(_draft(kind, key_of(path))) if kind is not None else None
    if draft is None:
        raise NotFound("There is no draft of «{file}»", file=path)
    return draft


def _draft(kind: str, key: str) -> Select[DraftFile]:
    return select(DraftFile).where(DraftFile.kind == kind, DraftFile.key == key)


def _read(session: Session, env: Environment, files: Mapping[str, bytes]) -> Bundle:
    bundle = Bundle()
    for path, content in sorted(files.items()):
        match kind_of(path):
            case ResourceKind.PROCESS:
                bundle.procedures[path], faults = gate.inspect(path, content)
                bundle.faults += faults
            case ResourceKind.FORM:
                bundle.faults += forms.check(content, path)
                bundle.provides[path] = _fields(content)
            case ResourceKind.DECISION:
                _read_decision(bundle, path, content)
            case ResourceKind.TEMPLATE:
                bundle.faults += env.check_template(content, path) if env.check_template else ()
    if not any(fault.severity == "error" for fault in bundle.faults):
        bundle.faults += _cross_check(session, env, files, bundle)
    return bundle


def _is_in_force(session: Session, files: Mapping[str, bytes]) -> bool:
    """Is every one of these files, to the byte, what is in force already? Then there is nothing to read or judge."""
    kept = {row.file: row.sha256 for kind in ResourceKind for row in _latest(session, kind).values()}
    newest = select(func.max(ProcessDefinition.id)).group_by(ProcessDefinition.key)
    drawings = select(ProcessDefinition.file, ProcessDefinition.sha256).where(ProcessDefinition.id.in_(newest))
    kept |= {file: digest for file, digest in session.execute(drawings)}  # noqa: C416 - rows are no pairs to mypy
    return all(kept.get(path) == _sha(content) for path, content in files.items())


def _fields(content: bytes) -> tuple[str, ...]:
    try:
        return tuple(sorted(forms.read(content).names))
    except Refused:
        return ()


def _read_decision(bundle: Bundle, path: str, content: bytes) -> None:
    try:
        table = dmn.read(content, path)
        bundle.provides[path] = tuple(table.decisions)
        bundle.faults += [finding.fault(path) for finding in dmn.check(table)]
    except Refused as refusal:
        bundle.faults += refusal.faults


def _cross_check(
    session: Session, env: Environment, files: Mapping[str, bytes], bundle: Bundle
) -> tuple[Fault, ...]:
    procedures = [one for found in bundle.procedures.values() for one in found]
    if not procedures:
        return ()
    known = Known(
        forms=_names(session, ResourceKind.FORM, bundle),
        groups=set(session.scalars(select(Group.key))),
        users=set(session.scalars(select(User.login).where(User.active))),
        limits={kind: tuple(one.get("limits") or ()) for kind, one in env.setting("authority", {}).items()},
        decisions={name for names in _names(session, ResourceKind.DECISION, bundle).values() for name in names},
        actions=env.actions.names,
        procedures=[one.procedure for one in env.library.in_force(session)],
        messages=env.setting("engine.messages", ()),
        signals=env.setting("engine.signals", ()),
        facts=FACTS,
        files={one.key: path for path, found in bundle.procedures.items() for one in found},
        sources={path: files[path] for path in bundle.procedures},
    )
    return gate.cross_check(procedures, known)


def _names(session: Session, kind: ResourceKind, bundle: Bundle) -> dict[str, tuple[str, ...]]:
    """Key -> what the latest version provides, with the files of this bundle over what is published."""
    published = {row.key: tuple(row.provides) for row in _latest(session, kind).values()}
    here = {key_of(path): names for path, names in bundle.provides.items() if kind_of(path) == kind}
    return published | here


def _latest(session: Session, kind: str) -> dict[str, Resource]:
    rows = session.scalars(select(Resource).where(Resource.kind == kind).order_by(Resource.version))
    return {row.key: row for row in rows}


def _new_resources(
    work: Work, files: Mapping[str, bytes], bundle: Bundle, deployment: Deployment
) -> Iterator[Resource]:
    for path, content in sorted(files.items()):
        kind = kind_of(path)
        if kind is None or kind == ResourceKind.PROCESS:
            continue
        key, digest = key_of(path), _sha(content)
        last = work.session.scalar(
            select(Resource).where(Resource.kind == kind, Resource.key == key)
            .order_by(Resource.version.desc()).limit(1)
        )  # fmt: skip
        if last is not None and last.sha256 == digest:
            continue
        _keep(work, deployment)
        row = Resource(
            kind=kind, key=key, version=last.version + 1 if last is not None else 1, file=path, content=content,
            sha256=digest, provides=list(bundle.provides.get(path, ())), deployment_id=deployment.id,
        )  # fmt: skip
        work.session.add(row)
        yield row


def _new_definitions(
    work: Work, files: Mapping[str, bytes], bundle: Bundle, deployment: Deployment
) -> Iterator[ProcessDefinition]:
    work.session.flush()
    form_versions = {row.key: row.version for row in _latest(work.session, ResourceKind.FORM).values()}
    decisions = {
        name: [row.key, row.version]
        for row in _latest(work.session, ResourceKind.DECISION).values()
        for name in row.provides
    }
    changed = {one.key: (path, files[path], one) for path, found in bundle.procedures.items() for one in found}
    for definition in work.env.library.in_force(work.session):
        if definition.key not in changed:  # perhaps one of its forms has changed
            row = work.session.get_one(ProcessDefinition, definition.id)
            changed[definition.key] = (row.file, row.xml, definition.procedure)
    for key, (path, content, procedure) in sorted(changed.items()):
        bound_forms = {name: form_versions[name] for name in sorted(procedure.forms) if name in form_versions}
        bound_decisions = {name: decisions[name] for name in sorted(procedure.decisions) if name in decisions}
        last = work.session.scalar(
            select(ProcessDefinition).where(ProcessDefinition.key == key).order_by(ProcessDefinition.version.desc())
            .limit(1)
        )  # fmt: skip
        digest = _sha(content)
        if last is not None and (last.sha256, last.forms, last.decisions) == (digest, bound_forms, bound_decisions):
            continue
        _keep(work, deployment)
        version = last.version + 1 if last is not None else 1
        groups = procedure.properties.get("starterGroups", "")
        row = ProcessDefinition(
            key=key, version=version, name=procedure.name, file=path, xml=content, sha256=digest,
            calls=sorted(procedure.calls), forms=bound_forms, decisions=bound_decisions,
            starter_groups=[group.strip() for group in groups.split(",") if group.strip()],
            deployment_id=deployment.id,
        )  # fmt: skip
        work.session.add(row)
        yield row


def _begin_lives(work: Work, resources: list[Resource], shipped: bool) -> None:
    """A new version of a template is a draft until somebody answers for it (R157). What the product itself brings, at
    setup, is in force at once; see engine/documents/layouts.py."""
    for row in resources:
        if row.kind != ResourceKind.TEMPLATE:
            continue
        life = TemplateVersion(template=row.key, version=row.version, status=LayoutStatus.DRAFT)
        if shipped:
            life.status, life.approved_at, life.note = LayoutStatus.IN_FORCE, work.now, "поставлен с программой"
            life.in_force_from = BEGINNING
        work.session.add(life)


def _keep(work: Work, deployment: Deployment) -> None:
    if deployment.id is None:
        work.session.add(deployment)
        work.session.flush()


def _tell(
    work: Work, deployment: Deployment, resources: list[Resource], definitions: list[ProcessDefinition]
) -> None:
    audit.record(
        work, "deployment.published", subject=f"deployment:{deployment.id}", note=deployment.note,
        definitions=[[row.key, row.version, row.sha256[:SHOWN]] for row in definitions],
        resources=[[row.kind, row.key, row.version, row.sha256[:SHOWN]] for row in resources],
    )  # fmt: skip


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


