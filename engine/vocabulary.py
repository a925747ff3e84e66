"""The states things can be in. Words as in docs/glossary.md; a value is what stands in the database."""
from __future__ import annotations

from enum import StrEnum


class InstanceStatus(StrEnum):
    """Life of a process instance: active <-> suspended -> completed | cancelled."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TaskStatus(StrEnum):
    """Life of a user task: created -> claimed -> completed; unclaimed back; cancelled from both."""

    CREATED = "created"
    CLAIMED = "claimed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN_TASK = (TaskStatus.CREATED, TaskStatus.CLAIMED)


class ReturnKind(StrEnum):
    """A step taken back: by who has what follows, or by who had done it."""

    RETURNED = "returned"
    RECALLED = "recalled"


class InterventionKind(StrEnum):
    """What a person did to a running instance beside the diagram, with a reason."""

    SKIP = "skip"
    MOVE = "move"
    EDIT = "edit"
    REASSIGN = "reassign"
    EXTEND = "extend"
    SUSPEND = "suspend"
    CANCEL = "cancel"
    WAIVE = "waive"


class InterventionStatus(StrEnum):
    """An intervention is done at once or requested; a second person confirms (done) or refuses, who asked withdraws."""

    REQUESTED = "requested"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class JobStatus(StrEnum):
    """Life of a job: waiting -> running -> done | failed; cancelled when its token left."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobKind(StrEnum):
    """What the engine owes: a timer to fire, a service task's action, a mail to hand over, a rung of a control point's
    ladder, a signal or message to deliver to a token, a message to find its instance, an instance to start, the last
    day of a pause, the daily roll-up, somebody's digest."""

    TIMER = "timer"
    ACTION = "action"
    MAIL = "mail"
    CONTROL_POINT = "control_point"
    DELIVERY = "delivery"
    MESSAGE = "message"
    MESSAGE_EXPIRY = "message_expiry"
    START = "start"
    PAUSE = "pause"
    ROLL_UP = "roll_up"
    DIGEST = "digest"
    WATCH = "watch"


class IncidentStatus(StrEnum):
    """An incident is open until a person retries or resolves it."""

    OPEN = "open"
    RETRIED = "retried"
    RESOLVED = "resolved"


class ControlPointStatus(StrEnum):
    """A control point is open, then met, missed (the work ended without evidence) or waived with a reason."""

    OPEN = "open"
    MET = "met"
    MISSED = "missed"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class PauseClock(StrEnum):
    """Whose time runs while a deal is paused. Unless it is ours, deadlines rest."""

    OURS = "ours"
    CLIENT = "client"
    NOBODY = "nobody"


class DocumentStatus(StrEnum):
    """Life of an issued document version."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    SIGNED = "signed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class ResourceKind(StrEnum):
    """What a deployment may hold."""

    PROCESS = "process"
    FORM = "form"
    DECISION = "decision"
    TEMPLATE = "template"


class LayoutStatus(StrEnum):
    """The life of a version of a document template (R157)."""

    DRAFT = "draft"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


class SubscriptionKind(StrEnum):
    """Messages are for one instance, signals for all who listen."""

    MESSAGE = "message"
    SIGNAL = "signal"


class MessageStatus(StrEnum):
    """A message that arrives early waits for its time-to-live."""

    WAITING = "waiting"
    CORRELATED = "correlated"
    EXPIRED = "expired"
