"""The measured drawings, each twice: in the dialect of this product, and as bare SpiffWorkflow reads it (the baseline).

``sale``: 12 user tasks, 3 deciding gateways, a rework loop taken twice, a parallel approval by two, a boundary timer
that is never due, 3 script tasks; 16 completions. ``loop``: one user task repeated. ``timer``: a boundary timer.
"""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
CONDITIONS = {  # name: (FEEL, Python)
    "qualified": ("=qualified", "qualified"),
    "approved": ("=ok_manager and ok_finance", "ok_manager and ok_finance"),
    "accepted": ("=accepted", "accepted"),
    "again": ("=i < n", "i < n"),
}
SCRIPTS = {  # name: (FEEL by variable, Python)
    "init": ({"rnd": "=0", "score": "=10"}, "rnd = 0\nscore = 10"),
    # SpiffWorkflow's join lets the last branch win, so the baseline must drop the answers of the round before
    "price": (
        {"rnd": "=rnd + 1", "price": "=amount * (1 - 0.05 * (rnd + 1))"},
        "rnd = rnd + 1\nprice = amount * (1 - 0.05 * rnd)\nif rnd > 1:\n    del ok_manager\n    del ok_finance",
    ),
    "commission": ({"commission": "=price * 0.03"}, "commission = price * 0.03"),
    "zero": ({"i": "=0"}, "i = 0"),
    "inc": ({"i": "=i + 1"}, "i = i + 1"),
    "late": ({"late": "=true"}, "late = True"),
}
GROUPS = {"approve_manager": "head", "approve_finance": "accountant"}
SALE_TASKS = (
    "qualify_lead", "contact_client", "needs_analysis", "prepare_proposal", "approve_manager", "approve_finance",
    "rework_proposal", "send_proposal", "await_answer", "call_client", "sign_contract", "handover",
)  # fmt: skip


@dataclass
class Drawing:
    """Elements and flows, written in either dialect."""

    key: str
    nodes: list[tuple[str, str, str, str]] = field(default_factory=list)  # kind, id, what, extra attributes
    flows: list[tuple[str, str, str | None]] = field(default_factory=list)
    defaults: dict[str, int] = field(default_factory=dict)

    def node(self, kind: str, *ids: str, what: str = "", attributes: str = "") -> None:
        self.nodes += [(kind, element_id, what, attributes) for element_id in ids]

    def way(self, *path: str, when: str | None = None) -> None:
        """Flows along a path; ``when`` is the condition of the first one, ``default`` makes it the default."""
        for number, (source, target) in enumerate(pairwise(path)):
            if number == 0 and when == "default":
                self.defaults[source] = len(self.flows)
            self.flows.append((source, target, when if number == 0 and when != "default" else None))

    def xml(self, feel: bool) -> bytes:
        """``feel``: the dialect of this product; else bare SpiffWorkflow's, with Python in it."""
        nodes = "".join(self._node(feel, *node) for node in self.nodes)
        flows = "".join(
            f'<bpmn:sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">{self._condition(feel, when)}'
            "</bpmn:sequenceFlow>"
            for number, (source, target, when) in enumerate(self.flows)
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions {NAMESPACES} id="D" targetNamespace="urn:bench">'
            f'<bpmn:process id="{self.key}" name="{self.key}" isExecutable="true">{nodes}{flows}'
            "</bpmn:process></bpmn:definitions>"
        ).encode()

    def _condition(self, feel: bool, when: str | None) -> str:
        if when is None:
            return ""
        condition = escape(CONDITIONS[when][0 if feel else 1])
        return f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'

    def _node(self, feel: bool, kind: str, element_id: str, what: str, attributes: str) -> str:
        if element_id in self.defaults:
            attributes += f' default="f{self.defaults[element_id]}"'
        around = "".join(
            f"<bpmn:incoming>f{number}</bpmn:incoming>"
            for number, (_, target, _when) in enumerate(self.flows)
            if target == element_id
        ) + "".join(
            f"<bpmn:outgoing>f{number}</bpmn:outgoing>"
            for number, (source, _, _when) in enumerate(self.flows)
            if source == element_id
        )
        extensions, inner = self._inside(feel, kind, element_id, what)
        extensions = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
        named = f'id="{element_id}" name="{element_id}"'
        return f"<bpmn:{kind} {named}{attributes}>{extensions}{around}{inner}</bpmn:{kind}>"

    def _inside(self, feel: bool, kind: str, element_id: str, what: str) -> tuple[str, str]:
        if kind == "userTask" and feel:
            return (
                f'<zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="{GROUPS.get(element_id, "manager")}"/>'
                f'<zeebe:formDefinition externalReference="{self.key}/{element_id}"/>'
            ), ""
        if kind == "scriptTask":
            outputs, python = SCRIPTS[what]
            if not feel:
                return "", f"<bpmn:script>{escape(python)}</bpmn:script>"
            mapped = "".join(f"<zeebe:output source={quoteattr(s)} target={quoteattr(t)}/>" for t, s in outputs.items())
            script = '<zeebe:script expression="=null" resultVariable="nothing"/>'
            return f"{script}<zeebe:ioMapping>{mapped}</zeebe:ioMapping>", ""
        if kind == "boundaryEvent":
            duration = what if feel else f'"{what}"'
            return "", (
                f'<bpmn:timerEventDefinition id="{element_id}_d"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">'
                f"{duration}</bpmn:timeDuration></bpmn:timerEventDefinition>"
            )
        return "", ""


def sale() -> Drawing:
    """The sale."""
    d = Drawing("sale")
    d.node("startEvent", "begin")
    d.node("userTask", *SALE_TASKS)
    d.node("scriptTask", "s_init", what="init")
    d.node("scriptTask", "s_price", what="price")
    d.node("scriptTask", "s_commission", what="commission")
    d.node("exclusiveGateway", "g_qualified", "m_proposal", "g_approved", "m_answer", "g_accepted")
    d.node("parallelGateway", "p_split", "p_join")
    d.node("boundaryEvent", "t_answer", what="P7D", attributes=' attachedToRef="await_answer" cancelActivity="true"')
    d.node("endEvent", "end_disqualified", "end_lost", "end_won")
    d.way("begin", "s_init", "qualify_lead", "g_qualified")
    d.way("g_qualified", "contact_client", "needs_analysis", "prepare_proposal", "m_proposal", when="qualified")
    d.way("g_qualified", "end_disqualified", when="default")
    d.way("m_proposal", "s_price", "p_split", "approve_manager", "p_join")
    d.way("p_split", "approve_finance", "p_join", "g_approved")
    d.way("g_approved", "send_proposal", "await_answer", "m_answer", "g_accepted", when="approved")
    d.way("g_approved", "rework_proposal", "m_proposal", when="default")
    d.way("t_answer", "call_client", "m_answer")
    d.way("g_accepted", "sign_contract", "s_commission", "handover", "end_won", when="accepted")
    d.way("g_accepted", "end_lost", when="default")
    return d


def loop() -> Drawing:
    """One user task repeated until i >= n."""
    d = Drawing("loop")
    d.node("startEvent", "begin")
    d.node("scriptTask", "s_zero", what="zero")
    d.node("scriptTask", "s_inc", what="inc")
    d.node("userTask", "step")
    d.node("exclusiveGateway", "m_loop", "g_loop")
    d.node("endEvent", "finish")
    d.way("begin", "s_zero", "m_loop", "step", "s_inc", "g_loop")
    d.way("g_loop", "m_loop", when="again")
    d.way("g_loop", "finish", when="default")
    return d


def timer() -> Drawing:
    """A user task with a boundary timer."""
    d = Drawing("timer")
    d.node("startEvent", "begin")
    d.node("userTask", "wait")
    d.node("boundaryEvent", "t_wait", what="PT1S", attributes=' attachedToRef="wait" cancelActivity="true"')
    d.node("scriptTask", "s_late", what="late")
    d.node("endEvent", "done", "done_late")
    d.way("begin", "wait", "done")
    d.way("t_wait", "s_late", "done_late")
    return d


def forms() -> dict[str, bytes]:
    """The forms of all user tasks, by path."""
    fields: dict[str, list[tuple[str, str]]] = {
        f"sale/{task}": [("textfield", f"note_{task}"), ("checkbox", f"done_{task}")] for task in SALE_TASKS
    }
    fields["sale/approve_manager"].append(("checkbox", "ok_manager"))
    fields["sale/approve_finance"].append(("checkbox", "ok_finance"))
    fields["sale/await_answer"].append(("checkbox", "accepted"))
    fields["sale/qualify_lead"] += [("checkbox", "qualified"), *CASE_FIELDS]
    fields["loop/step"] = [("textfield", "note"), ("number", "k")]
    fields["timer/wait"] = [("textfield", "note")]
    return {f"forms/{key}.form": _form(components) for key, components in fields.items()}


CASE_FIELDS = [("textfield", "who"), ("textfield", "spoke_to"), ("number", "amount"), ("items", "items")]
ITEM_FIELDS = [("textfield", "sku"), ("textfield", "name"), ("number", "qty"), ("number", "price")]


def _form(fields: list[tuple[str, str]]) -> bytes:
    components = [_component(kind, key) for kind, key in fields]
    return json.dumps({"schemaVersion": 16, "type": "default", "id": "form", "components": components}).encode()


def _component(kind: str, key: str) -> dict[str, Any]:
    if kind == "items":
        inner = [_component(inner_kind, inner_key) for inner_kind, inner_key in ITEM_FIELDS]
        return {"type": "dynamiclist", "path": key, "id": f"F_{key}", "label": key, "components": inner}
    decimals = {"decimalDigits": 2} if kind == "number" else {}
    return {"type": kind, "key": key, "id": f"F_{key}", "label": key, **decimals}


NOTE = "Spoke to the client, agreed the next step and wrote it down here; nothing else is open."


def case_data(k: int) -> dict[str, Any]:
    """About 1.2 KB at the beginning of a case."""
    return {
        "who": f"Client {k:06d} Handels GmbH",
        "spoke_to": "Maria Example, +49 30 000000, maria@example.org",
        "amount": 120000 + (k % 7) * 1000,
        "items": [
            {"sku": f"SKU-{j:04d}", "name": f"Item number {j} of the offer", "qty": j + 1, "price": 100.5 * (j + 1)}
            for j in range(10)
        ],
    }


def filled(task: str, nth: int, k: int) -> dict[str, Any]:
    """What is filled in on completing ``task`` in the ``nth`` round of approval."""
    data: dict[str, Any] = {f"note_{task}": NOTE, f"done_{task}": True}
    if task == "qualify_lead":
        data |= {"qualified": True} | case_data(k)
    elif task == "approve_manager":
        data["ok_manager"] = nth >= 3
    elif task == "approve_finance":
        data["ok_finance"] = nth >= 3
    elif task == "await_answer":
        data["accepted"] = True
    return data


def filled_loop(k: int) -> dict[str, Any]:
    """What is filled in on the ``k``-th round of ``loop``."""
    return {"note": NOTE, "k": k}


def steps() -> list[tuple[str, int]]:
    """The driven path of a sale: 16 completions, each with the round of approval so far."""
    path = [
        "qualify_lead", "contact_client", "needs_analysis", "prepare_proposal",
        *["approve_manager", "approve_finance", "rework_proposal"] * 2, "approve_manager", "approve_finance",
        "send_proposal", "await_answer", "sign_contract", "handover",
    ]  # fmt: skip
    nth, found = 0, []
    for task in path:
        nth += task == "approve_manager"
        found.append((task, nth))
    return found
