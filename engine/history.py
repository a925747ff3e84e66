"""How an instance stood after each of its steps: kept with every step, restored on demand."""
from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.bpmn import versions
from engine.errors import NotFound
from engine.models import ProcessInstance, StateVersion, table_of
from engine.rows import Prepared
from engine.work import Work

STATES = table_of(StateVersion)
KEEP = Prepared(insert(STATES).inline(), columns=["instance_id", "revision", "at", "state"])
WHOLE_EVERY = 16  # versions; what lies between is kept as differences


def keep(work: Work, instance: ProcessInstance, before: bytes | None, revision: int) -> None:
    """Keep the state the instance has now. ``before``: the one it had, at ``revision`` (None: it has just begun)."""
    whole = before is None or instance.revision // WHOLE_EVERY != revision // WHOLE_EVERY
    kept = instance.state if whole or before is None else versions.delta(instance.state, before)
    KEEP.run(work.connection, instance_id=instance.id, revision=instance.revision, at=work.now, state=kept)


def state_at(session: Session, instance_id: int, revision: int) -> bytes:
    """The state as it stood after that step. Raises NotFound."""
    found: list[bytes] = []
    wanted = select(StateVersion.revision, StateVersion.state).where(
        StateVersion.instance_id == instance_id, StateVersion.revision <= revision
    )
    for number, kept in session.execute(wanted.order_by(StateVersion.revision.desc())):
        if not found and number != revision:
            break
        found.append(kept)
        if versions.is_whole(kept):
            return versions.restore(reversed(found))
    raise NotFound("Instance {id} has no state {revision}", id=instance_id, revision=revision)
