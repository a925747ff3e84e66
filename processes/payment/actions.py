"""What the service tasks of payment procedures do: writing a debt off, counting how we stand with a client."""
from __future__ import annotations

from datetime import date
from typing import Any

from engine.actions import ActionCall, Registry
from engine.crm import deals, payments, reconciliation
from engine.errors import Failed
from engine.work import Work


def register(registry: Registry) -> None:
    """``payment.write_off`` and ``client.reconciliation``."""
    registry.add("payment.write_off", write_off)
    registry.add("client.reconciliation", reconcile)


def write_off(work: Work, call: ActionCall) -> dict[str, Any]:
    """part, reason -> written_off: what was left of this part of the deal."""
    if call.instance.deal_id is None:
        raise Failed("The action {element} needs a deal.", element=call.element_id)
    reason = str(call.inputs.get("reason") or "")
    return {"written_off": payments.write_off(work, call.instance.deal_id, int(call.inputs["part"]), reason)}


def reconcile(work: Work, call: ActionCall) -> dict[str, Any]:
    """starts, ends -> reconciliation: the section of the act of reconciliation."""
    client_id = call.instance.client_id
    if client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    starts, ends = call.inputs["starts"], call.inputs.get("ends") or deals.today(work)
    if not isinstance(starts, date) or not isinstance(ends, date):
        raise Failed("The action {element} needs a period.", element=call.element_id)
    return {"reconciliation": reconciliation.of(work.session, client_id, starts, min(ends, deals.today(work)))}
