"""Tables, one file per noun. Importing this package knows them all."""
from __future__ import annotations

from engine.models.audit import AuditEvent
from engine.models.base import Base, UtcDateTime, table_of
from engine.models.clients import (
    Client,
    Contact,
    Deal,
    DealLine,
    MilestoneReached,
    Payment,
    Product,
    ScheduledPayment,
)
from engine.models.control_points import ControlPoint
from engine.models.definitions import Deployment, DraftFile, ProcessDefinition, Resource
from engine.models.documents import Document, NumberSequence, StoredFile
from engine.models.instances import ProcessInstance, StateVersion, Visit
from engine.models.jobs import Incident, Job, Mail, Message, MessageSubscription
from engine.models.people import Absence, Group, LoginSession, Membership, User
from engine.models.tasks import Candidate, Comment, FormDraft, UserTask

__all__ = [
    "Absence", "AuditEvent", "Base", "Candidate", "Client", "Comment", "Contact", "ControlPoint", "Deal", "DealLine",
    "Deployment", "Document", "DraftFile", "FormDraft", "Group", "Incident", "Job", "LoginSession", "Mail",
    "Membership", "Message", "MessageSubscription", "MilestoneReached", "NumberSequence", "Payment",
    "ProcessDefinition", "ProcessInstance", "Product", "Resource", "ScheduledPayment", "StateVersion", "StoredFile",
    "User", "UserTask", "UtcDateTime", "Visit", "table_of",
]  # fmt: skip
