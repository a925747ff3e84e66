"""Tables, one file per noun. Importing this package knows them all."""

from __future__ import annotations

from engine.models.assignments import Assignment
from engine.models.audit import AuditEvent
from engine.models.base import Base, UtcDateTime, table_of
from engine.models.clients import ClassHistory, Client, ClientProduct, Consent, Contact, ContactRecord, Interest
from engine.models.control_points import ControlPoint
from engine.models.deals import Deal, DealLine, MilestoneReached, Payment, SalesPlan, ScheduledPayment, Settlement
from engine.models.definitions import Deployment, DraftFile, ProcessDefinition, Resource
from engine.models.documents import Document, NumberSequence, StoredFile, TemplateVersion
from engine.models.filters import SavedFilter
from engine.models.imports import BankLine, ImportRun
from engine.models.instances import ProcessInstance, StateVersion, Visit
from engine.models.jobs import Incident, Job, Mail, Message, MessageSubscription
from engine.models.knowledge import KnowledgeItem, KnowledgeStem
from engine.models.marketing import BonusEntry, Campaign, CampaignRecipient, LoyaltyCard, Source, SourceCost
from engine.models.monitoring import MissedTask, Pause, RolledDay, StageTime, StepDay
from engine.models.notices import CalendarFeed, IncomingMail, Notice, NoticeChoice, NoticeHabit
from engine.models.people import Absence, Group, LoginSession, Membership, PasswordLink, Substitution, User
from engine.models.products import Competitor, CompetitorPrice, Price, PriceList, Product
from engine.models.quality import Complaint, Diagnosis, Questionnaire, Survey, SurveyAnswer
from engine.models.returns import Intervention, TaskReturn
from engine.models.segments import Matrix, Segment, SegmentParameter, SegmentProduct
from engine.models.settings import SettingVersion
from engine.models.tasks import Candidate, Comment, FormDraft, UserTask

__all__ = [
    "Absence",
    "Assignment",
    "AuditEvent",
    "BankLine",
    "Base",
    "BonusEntry",
    "CalendarFeed",
    "Campaign",
    "CampaignRecipient",
    "Candidate",
    "ClassHistory",
    "Client",
    "ClientProduct",
    "Comment",
    "Competitor",
    "CompetitorPrice",
    "Complaint",
    "Consent",
    "Contact",
    "ContactRecord",
    "ControlPoint",
    "Deal",
    "DealLine",
    "Deployment",
    "Diagnosis",
    "Document",
    "DraftFile",
    "FormDraft",
    "Group",
    "ImportRun",
    "Incident",
    "IncomingMail",
    "Interest",
    "Intervention",
    "Job",
    "KnowledgeItem",
    "KnowledgeStem",
    "LoginSession",
    "LoyaltyCard",
    "Mail",
    "Matrix",
    "Membership",
    "Message",
    "MessageSubscription",
    "MilestoneReached",
    "MissedTask",
    "Notice",
    "NoticeChoice",
    "NoticeHabit",
    "NumberSequence",
    "PasswordLink",
    "Pause",
    "Payment",
    "Price",
    "PriceList",
    "ProcessDefinition",
    "ProcessInstance",
    "Product",
    "Questionnaire",
    "Resource",
    "RolledDay",
    "SalesPlan",
    "SavedFilter",
    "ScheduledPayment",
    "Segment",
    "SegmentParameter",
    "SegmentProduct",
    "SettingVersion",
    "Settlement",
    "Source",
    "SourceCost",
    "StageTime",
    "StateVersion",
    "StepDay",
    "StoredFile",
    "Substitution",
    "Survey",
    "SurveyAnswer",
    "TaskReturn",
    "TemplateVersion",
    "User",
    "UserTask",
    "UtcDateTime",
    "Visit",
    "table_of",
]
