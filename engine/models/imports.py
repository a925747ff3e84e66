"""Files brought in from outside: lists, settlements, bank statements."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json

Money = Numeric(18, 2)


class ImportRun(Base):
    """One file that was read: ``kind`` clients, products, settlements or bank. ``faults``: [{row, column, reason}]."""

    __tablename__ = "import_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    mapping: Mapped[Json]
    rows: Mapped[int]
    taken: Mapped[int]
    faults: Mapped[list[Json]]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))


class BankLine(Base):
    """One payment of a bank statement. ``status``: matched (to a part of a deal), open (whose is it?), ignored.

    ``how``: invoice, sum (found by itself) or hand; ``note``: why it is open still, or why it is ignored.
    ``payment_id``: the payment written down, where no waiting step of a procedure does that itself."""

    __tablename__ = "bank_line"
    __table_args__ = (UniqueConstraint("account", "dated", "number", "sum", "payer_inn"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), index=True)
    account: Mapped[str]
    dated: Mapped[date]
    number: Mapped[str]
    sum: Mapped[Decimal] = mapped_column(Money)
    payer_inn: Mapped[str]
    payer_name: Mapped[str]
    purpose: Mapped[str]
    direction: Mapped[str] = mapped_column(default="in")
    status: Mapped[str] = mapped_column(default="open", index=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    part: Mapped[int | None]
    how: Mapped[str | None]
    note: Mapped[Json | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    decided_at: Mapped[datetime | None]
