"""What the service tasks of a campaign do: thin steps over the verbs on campaigns."""
from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.actions import ActionCall, Registry
from engine.crm import campaign_facts, campaign_lists, campaigns, knowledge
from engine.work import Work


def register(registry: Registry) -> None:
    """Campaigns from the first idea to the conclusions."""
    registry.add("campaign.history", history)
    registry.add("campaign.define", define)
    registry.add("campaign.exclude", exclude)
    registry.add("campaign.plan", plan)
    registry.add("campaign.start", start)
    registry.add("campaign.approach", approach)
    registry.add("campaign.reply", reply)
    registry.add("campaign.spend", spend)
    registry.add("campaign.end", end)
    registry.add("campaign.conclude", conclude)


def history(work: Work, call: ActionCall) -> dict[str, Any]:  # noqa: ARG001 - an action is given its call
    """-> segments, territories, earlier (campaigns with figures and conclusions), best, worst (by return)."""
    return campaign_facts.beginning(work.session, work.env)


def define(work: Work, call: ActionCall) -> dict[str, Any]:
    """campaign_id (null: a new one), brief (the form's fields) -> campaign_id, planned. Makes the list as well."""
    brief: Mapping[str, Any] = call.inputs["brief"]
    values = dict(brief) | {
        "product_id": _id(brief.get("product_id")), "previous_id": _id(brief.get("previous_id")),
        "budget": _money(brief.get("budget")), "selection": _plain(brief.get("selection") or {}),
    }  # fmt: skip
    campaign = campaigns.define(work, values, _id(call.inputs.get("campaign_id")), call.instance.id)
    campaign.owner_id = campaign.owner_id or call.instance.started_by
    counted = campaign_lists.generate(work, campaign.id)
    return {"campaign_id": campaign.id, "planned": counted["planned"]}


def exclude(work: Work, call: ActionCall) -> dict[str, Any]:
    """clients (ids), note -> planned: how many are left."""
    campaign_id = _campaign(call)
    taken = [number for number in (_id(one) for one in call.inputs.get("clients") or []) if number is not None]
    campaign_lists.exclude(work, campaign_id, taken, str(call.inputs.get("note") or ""))
    return {"planned": campaign_lists.counts(work.session, campaign_id)["planned"]}


def plan(work: Work, call: ActionCall) -> dict[str, Any]:
    """subject, body, costs [{what, sum}] -> budget: the sum of the costs."""
    costs = call.inputs.get("costs") or []
    budget = sum((_money(row.get("sum")) for row in costs), Decimal(0)) if costs else None
    subject, body = call.inputs.get("subject"), str(call.inputs.get("body") or "")
    campaign = campaigns.plan(work, _campaign(call), subject=subject, body=body, budget=budget)
    return {"budget": Decimal(campaign.budget)}


def start(work: Work, call: ActionCall) -> dict[str, Any]:
    """The campaign runs from now on."""
    campaigns.start(work, _campaign(call))
    return {}


def approach(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> left: how many of the list wait for the next portion."""
    return {"left": campaigns.approach(work, _campaign(call), call.instance)}


def reply(work: Work, call: ActionCall) -> dict[str, Any]:
    """client, note: a client answered; the first answer counts."""
    client_id = _id(call.inputs["client"])
    assert client_id is not None
    campaigns.reply(work, _campaign(call), client_id, note=str(call.inputs.get("note") or ""))
    return {}


def spend(work: Work, call: ActionCall) -> dict[str, Any]:
    """what, sum: money spent."""
    campaigns.spend(work, _campaign(call), _money(call.inputs["sum"]), str(call.inputs["what"]))
    return {}


def end(work: Work, call: ActionCall) -> dict[str, Any]:
    """stopped (true or false), reason -> approached: how many were reached by then."""
    campaign = campaigns.end(
        work, _campaign(call), stopped=bool(call.inputs.get("stopped")), reason=str(call.inputs.get("reason") or "")
    )
    counted = campaign_lists.counts(work.session, campaign.id)
    return {"approached": counted["sent"] + counted["replied"] + counted["failed"]}


def conclude(work: Work, call: ActionCall) -> dict[str, Any]:
    """conclusions, cost, budget_shift (R255), best_practice: true writes them into the knowledge base (R050)."""
    cost, said = call.inputs.get("cost"), str(call.inputs["conclusions"]).strip()
    if call.inputs.get("budget_shift"):
        said += f"\n\nБюджет: {str(call.inputs['budget_shift']).strip()}"
    campaign = campaigns.conclude(work, _campaign(call), said, cost=None if cost is None else _money(cost))
    if call.inputs.get("best_practice"):
        knowledge.create(
            work, "case", f"Опыт кампании «{campaign.title}»", f"{campaign.aim}\n\n{said}", status=knowledge.PUBLISHED,
            product_id=campaign.product_id, segment=campaign.segment,
        )  # fmt: skip
    return {}


def _campaign(call: ActionCall) -> int:
    found = _id(call.variables.get("campaign_id"))
    assert found is not None, "the procedure has registered the campaign before"
    return found


def _id(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def _money(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def _plain(selection: Mapping[str, Any]) -> dict[str, Any]:
    """As it is kept: without what was left empty, numbers as numbers."""
    return {
        name: int(value) if isinstance(value, Decimal) else value
        for name, value in selection.items()
        if value not in (None, "", [], False)
    }
