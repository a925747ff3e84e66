"""The client refuses: the deal's own drawing is told so, and leads it to its end by the steps drawn there."""
from __future__ import annotations

from engine import access, messages
from engine.crm import deals
from engine.errors import NotFound, WrongState
from engine.models import ProcessInstance
from engine.work import Work


def begin(work: Work, deal_id: int) -> ProcessInstance:
    """Tell the drawing that the client refuses. Why is asked by the step that it opens then (R065).

    Raises NotFound, Forbidden, WrongState (closed, or the drawing awaits no refusal now).
    """
    deal = deals.find_open(work.session, deal_id)
    access.require(work, "deal.refuse", deal)
    try:
        found = messages.correlate(work, work.env.setting("board.refusal"), str(deal.id), {})
    except NotFound as error:
        raise WrongState("No procedure of this deal can take a refusal now: see its open tasks.") from error
    assert isinstance(found, ProcessInstance)
    return found
