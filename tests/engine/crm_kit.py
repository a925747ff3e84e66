"""What tests of the business records share: an environment with the real settings, a client and a deal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.crm import clients, deals, payments, settlements
from engine.environment import Environment, settings_of
from engine.models import AuditEvent
from engine.work import run
from tests.cast import actor

SETTINGS = Path(__file__).resolve().parents[2] / "settings"
LEGAL = {
    "full_name": "Общество с ограниченной ответственностью «Ромашка»",
    "inn": "7707083893",
    "kpp": "770701001",
    "ogrn": "1027700132195",
    "address": "г. Москва, ул. Садовая, д. 1",
    "bik": "049805746",
    "account": "40602810700000000025",
}
USUALLY: dict[Callable[..., Any], str] = {  # what is not the manager's to do
    payments.record_payment: "vera", payments.refund: "vera", payments.write_off: "elena", settlements.record: "vera",
    deals.set_owner: "elena",
}  # fmt: skip


class Office:
    """A company at work: verbs as anna unless they are not hers, reading through a session of its own."""

    def __init__(self, env: Environment) -> None:
        env.settings = settings_of(SETTINGS)
        self.env = env
        owner = actor(env, "anna").user_id
        self.client_id: int = self.do(clients.create_client, "legal", "ООО «Ромашка»", owner_id=owner, **LEGAL).id
        self.contact_id: int = self.do(
            clients.add_contact, self.client_id, "Ким", "Анна", "директор", gender="f", signs=True, basis="Устава"
        ).id
        self.deal_id: int = self.do(deals.open_deal, self.client_id, "Обучение", contact_id=self.contact_id).id

    def do(self, verb: Callable[..., Any], *args: Any, login: str = "", **kwargs: Any) -> Any:
        who = login or USUALLY.get(verb, "anna")
        return run(self.env, actor(self.env, who), verb, *args, **kwargs)

    def see(self, read: Callable[..., Any]) -> Any:
        with self.env.sessions() as session:
            return read(session)

    def events(self) -> list[str]:
        return self.see(lambda session: list(session.scalars(select(AuditEvent.type).order_by(AuditEvent.id))))

    def lines(self, *rows: tuple[str, Any, Any], discount: Any = None) -> Any:
        made = [{"name": name, "quantity": quantity, "price": price} for name, quantity, price in rows]
        return self.do(deals.set_lines, self.deal_id, made, discount)
