"""The constructs of docs/returns.md, drawn: in each ``a`` was done by Anna, ``x`` is open, is for lawyers and not for
who did ``a``; ``d`` follows. What each act leads to stands beside the drawing."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from engine import instances, messages
from engine.models import Client, Deal, Document, Payment, ProcessInstance
from engine.work import unit_of_work
from tests.case import END, START, catch, drawing, message, service_task, signal, throw, timer, user_task
from tests.cast import actor
from tests.engine.returning import E1, END2, S1, Back, called, each, gate, sub

A, B, C, D = user_task("a"), user_task("b"), user_task("c"), user_task("d")
X = user_task("x", groups="lawyer", separateFrom="a")
ANSWER = message("m1", "answer", "=number")
TOLD = '<bpmn:startEvent id="told" isInterrupting="false"><bpmn:messageEventDefinition id="td" messageRef="m1"/>'
TOLD += "</bpmn:startEvent>"
FORKED, CHOSEN = gate("fork") + gate("join"), gate("fork", "inclusive") + gate("join", "inclusive")
LINE = "start>a;a>x;x>d;d>end"

# What the refusals say.
SPLIT = "At «fork» several branches began"
MET = "Branches have met at «join»"
STARVED = "«join» would wait for another branch for ever"
TWICE = "Work comes to «d» from «[bc]» too: it would be done twice"
OTHERS_INSIDE = "Inside of «.*» other work is under way"
ENDED = "met at the end of «inside»"
SOME_DONE = "some have done it already"
ONE_ROUND = "one of its rounds cannot be done again alone"
TIMED = "The timer «.*» has gone off since"
CAME = "The message of «answer» has come since"
SAID = "«tell» has told others since"
ACTED = "The system has done «act» since, and that cannot be undone"
ISSUED = "Document 7/26 has been approved, sent or signed since"
BOOKED = "Money of this deal has been booked since"
STARTED = "The procedure «Other» has been started since"

Outcome = list[str] | str
FREE: tuple[Outcome, Outcome, Outcome, Outcome] = ["a"], ["a"], ["d"], ["d"]


def stuck(why: str) -> tuple[Outcome, Outcome, Outcome, Outcome]:
    """Nothing goes back, and the reason; forward it does."""
    return why, why, ["d"], ["d"]


@dataclass(frozen=True)
class Drawn:
    """One construct around ``x``, and what each act leads to: the tasks open afterwards, or the reason why not.

    ``back``: x is returned to a; ``recall``: Anna takes a back while nobody has opened x; ``skip``: x is left out;
    ``move``: work goes on from d instead of x. ``first``, ``then``: what happens before and after a is done; ``left``:
    what must hold after x was withdrawn, ``kept``: after it was left out or moved; ``anew``: an element that is entered
    a second time after a return; ``apart``: x may say that it is not for who did a.
    """

    body: str
    flows: str
    back: Outcome
    recall: Outcome
    skip: Outcome
    move: Outcome
    roots: str = ""
    more: tuple[bytes, ...] = ()
    first: Callable[[Back], object] = lambda back: None
    then: Callable[[Back], object] = lambda back: None
    left: Callable[[Back], object] = lambda back: None
    kept: Callable[[Back], object] = lambda back: None
    anew: str = ""
    apart: bool = True
    given: dict[str, object] = field(default_factory=dict)


def told(back: Back) -> None:
    """The message that the drawing waits for comes."""
    back.act("anna", messages.correlate, "answer", "k", {})


def hurried(back: Back) -> None:
    """What comes before a is done, and a waits until its reminder has gone off."""
    back.complete("b")
    night(back)


def night(back: Back) -> None:
    """Nine hours pass, and what falls due in them."""
    back.later(hours=9)


def acted(back: Back) -> None:
    """The system does what it owes."""
    back.run_jobs()


def done(*elements: str) -> Callable[[Back], None]:
    """These are completed too, by whom they are for."""

    def then(back: Back) -> None:
        for element in elements:
            back.complete(element, "lidia" if element == "x" else "boris")

    return then


def document(back: Back, **more: object) -> None:
    now = back.clock.now
    facts: dict[str, object] = {"kind": "contract", "title": "Contract", "number": "7/26", "template": "t"} | more
    back.put(Document(
        instance_id=back.instance_id, dated=now.date(), template_version=1, data={}, created_at=now, **facts
    ))  # fmt: skip


def sent(back: Back) -> None:
    """A document of the instance goes out."""
    document(back, status="sent", sent_at=back.clock.now)


def drafted(back: Back) -> None:
    """The system drafts a document."""
    back.run_jobs()
    token = next(visit.token_id for visit in back.visits if visit.element_id == "act")
    document(back, request_key=f"action:{back.instance_id}:{token}")


def is_document(status: str) -> Callable[[Back], None]:
    """How it stands with the document."""

    def check(back: Back) -> None:
        with back.env.sessions() as session:
            assert session.query(Document).one().status == status

    return check


def runs_on(back: Back) -> None:
    """The started procedure is not touched."""
    with back.env.sessions() as session:
        assert session.query(ProcessInstance).filter_by(key="other").one().status == "active"


def sold(back: Back) -> None:
    """The instance is about a deal."""
    now = back.clock.now
    client = Client(kind="legal", name="Ромашка", full_name="ООО «Ромашка»", requisites={}, created_at=now)
    deal = Deal(number="D-1", title="Обучение", client=client, milestone_at=now, created_at=now)
    with unit_of_work(back.env, actor(back.env, "system")) as work:
        work.session.add(deal)
        work.session.flush()
        work.session.get_one(ProcessInstance, back.instance_id).deal_id = deal.id


def paid(back: Back) -> None:
    """Money of the deal comes in."""
    now = back.clock.now
    back.put(Payment(deal_id=back.instance.deal_id, part=1, dated=now.date(), sum=Decimal(100), recorded_at=now))


def begun(back: Back) -> None:
    """Somebody begins another procedure out of this one."""
    back.publish(OTHER)
    back.act("system", instances.start, "other", {}, title="Other", parent_id=back.instance_id)


def looped(sequential: bool) -> str:
    return X.replace("</bpmn:userTask>", f"{each(sequential)}</bpmn:userTask>")


def inside(body: str, flows: str, inner: str = "", event: bool = False) -> str:
    return sub("inside", body, flows, inner, event)


OTHER = drawing("other", START + A + X + END, flows="start>a;a>x;x>end")
ANY = user_task("x", groups="lawyer")
ONLY_X = drawing("other", START + ANY + END, flows="start>x;x>end")
ONLY_A = drawing("other", START + A + END, flows="start>a;a>end")
INTO = "start>a;a>inside;inside>d;d>end"
FROM = "start>inside;inside>x;x>d;d>end"
PEOPLE: dict[str, object] = {"people": [1, 2]}
WAITS, RACING = timer("late", "PT8H", on="x"), gate("race", "eventBased")
BESIDE = timer("late", "PT8H", on="x", interrupting=False) + user_task("hurry") + END2
SENT = "start>a;a>tell;tell>x;x>d;d>end"
ACTING = "start>a;a>act;act>x;x>d;d>end"
DRAWN = {
    "one line": Drawn(START + A + X + D + END, LINE, *FREE),
    "within a branch": Drawn(
        START + FORKED + A + X + C + D + END, "start>fork;fork>a;a>x;x>join;fork>c;c>join;join>d;d>end",
        ["a", "c"], ["a", "c"], ["c"], STARVED,
    ),
    "over a split": Drawn(
        START + A + FORKED + X + C + D + END, "start>a;a>fork;fork>x;fork>c;x>join;c>join;join>d;d>end",
        SPLIT, ["a"], ["c"], STARVED,
    ),
    "over a join": Drawn(
        START + FORKED + A + C + X + D + END, "start>fork;fork>a;fork>c;a>join;c>join;join>x;x>d;d>end",
        *stuck(MET), then=done("c"),
    ),
    "inclusive, one way": Drawn(
        START + A + CHOSEN + X + C + D + END,
        "start>a;a>fork;fork>x[=true];fork>c[=false];x>join;c>join;join>d;d>end", *FREE,
    ),
    "inclusive, several ways": Drawn(
        START + A + CHOSEN + X + C + D + END,
        "start>a;a>fork;fork>x[=true];fork>c[=true];x>join;c>join;join>d;d>end", SPLIT, ["a"], ["c"], TWICE,
    ),
    "inclusive, met": Drawn(
        START + CHOSEN + A + X + C + D + END,
        "start>fork;fork>a[=true];fork>c[=true];a>join;c>join;join>x;x>d;d>end", *stuck(MET), then=done("c"),
    ),
    "out of a sub-process": Drawn(START + A + inside(S1 + X + E1, "s1>x;x>e1") + D + END, INTO, *FREE, anew="inside"),
    "within a sub-process": Drawn(
        START + inside(S1 + A + X + E1, "s1>a;a>x;x>e1") + D + END, "start>inside;inside>d;d>end", *FREE,
    ),
    "into a sub-process": Drawn(START + inside(S1 + A + E1, "s1>a;a>e1") + X + D + END, FROM, *FREE, anew="inside"),
    "other work inside": Drawn(
        START + A + inside(S1 + FORKED + X + C + E1, "s1>fork;fork>x;fork>c;x>join;c>join;join>e1") + D + END, INTO,
        SPLIT, ["a"], ["c"], OTHERS_INSIDE,
    ),
    "into branches that met": Drawn(
        START + inside(S1 + gate("fork") + A + C + E1 + END2, "s1>fork;fork>a;fork>c;a>e1;c>end2") + X + D + END,
        FROM, *stuck(ENDED), then=done("c"),
    ),
    "out of a called procedure": Drawn(START + A + called("inside", "other") + D + END, INTO, *FREE,
                                       more=(ONLY_X,), apart=False, anew="inside"),
    "within a called procedure": Drawn(START + called("inside", "other") + D + END, "start>inside;inside>d;d>end",
                                       *FREE, more=(OTHER,)),
    "into a called procedure": Drawn(START + called("inside", "other") + ANY + D + END, FROM, *FREE,
                                     more=(ONLY_A,), apart=False, anew="inside"),
    "several at once": Drawn(START + A + looped(False) + D + END, LINE, "«x» is under way beside it", ["a"], ["x"],
                             OTHERS_INSIDE, given=PEOPLE),
    "several at once, one done": Drawn(START + A + looped(False) + D + END, LINE, *stuck(SOME_DONE), given=PEOPLE,
                                       then=done("x")),
    "several in turn": Drawn(START + A + looped(True) + D + END, LINE, ["a"], ["a"], ["x"], ["d"], given=PEOPLE),
    "several in turn, one done": Drawn(START + A + looped(True) + D + END, LINE, *stuck(SOME_DONE), given=PEOPLE,
                                       then=done("x")),
    "within a round": Drawn(
        START + inside(S1 + A + X + E1, "s1>a;a>x;x>e1", each(True)) + D + END, "start>inside;inside>d;d>end",
        ["a"], ["a"], ["a"], ["d"], given=PEOPLE,
    ),
    "round of a list": Drawn(
        START + A.replace("</bpmn:userTask>", f"{each(True)}</bpmn:userTask>") + X + D + END, LINE, *stuck(ONE_ROUND),
        given={"people": [1]},
    ),
    "boundary timer waits": Drawn(START + A + X + WAITS + D + END + END2, LINE + ";late>end2", *FREE, anew="late"),
    "boundary timer fired beside": Drawn(
        START + A + X + BESIDE + D + END, LINE + ";late>hurry;hurry>end2", "«hurry» is under way beside it", ["a"],
        ["d", "hurry"], ["d", "hurry"], then=night,
    ),
    "what fired beside is done": Drawn(
        START + A + X + BESIDE + D + END, LINE + ";late>hurry;hurry>end2", *FREE,
        then=lambda back: (night(back), back.complete("hurry")),
    ),
    "fired beside the earlier step": Drawn(
        START + A + B + timer("late", "PT8H", on="a", interrupting=False) + user_task("hurry") + X + D + END + END2,
        "start>b;b>a;a>x;x>d;d>end;late>hurry;hurry>end2", ["a", "hurry"], ["a", "hurry"], ["d", "hurry"], ["d",
        "hurry"], first=hurried,
    ),
    "boundary timer ended a step": Drawn(
        START + A + B + timer("late", "PT8H", on="b") + X + D + END + END2,
        "start>a;a>b;b>end2;late>x;x>d;d>end", *stuck(TIMED), then=night,
    ),
    "timer in the flow": Drawn(
        START + A + timer("pause", "PT8H") + X + D + END, "start>a;a>pause;pause>x;x>d;d>end", *stuck(TIMED),
        then=night,
    ),
    "event gateway": Drawn(
        START + A + RACING + catch("answer", "message", "m1") + timer("late", "P5D") + X + D + END + END2,
        "start>a;a>race;race>answer;race>late;answer>x;late>end2;x>d;d>end", *stuck(CAME), roots=ANSWER, then=told,
    ),
    "out of an event sub-process": Drawn(
        START + A + B + inside(TOLD + X + END2, "told>x;x>end2", event=True) + D + END, "start>a;a>b;b>d;d>end",
        "«a» is on another branch than «x»", ["a", "x"], ["b"], TWICE, roots=ANSWER, then=told,
    ),
    "within an event sub-process": Drawn(
        START + B + inside(TOLD + A + X + END2, "told>a;a>x;x>end2", event=True) + D + END, "start>b;b>d;d>end",
        ["a", "b"], ["a", "b"], ["b"], TWICE, roots=ANSWER, first=told,
    ),
    "message sent": Drawn(START + A + throw("tell", "message", "m1") + X + D + END, SENT, *stuck(SAID), roots=ANSWER),
    "signal sent": Drawn(START + A + throw("tell", "signal", "g1") + X + D + END, SENT, *stuck(SAID),
                         roots=signal("g1", "news")),
    "repeatable action": Drawn(START + A + service_task("act", "do.count") + X + D + END, ACTING, *FREE,
                               then=acted, anew="act"),
    "action that cannot be undone": Drawn(START + A + service_task("act", "do.tell") + X + D + END, ACTING,
                                          *stuck(ACTED), then=acted),
    "document sent": Drawn(START + A + X + D + END, LINE, *stuck(ISSUED), then=sent, kept=is_document("sent")),
    "document drafted": Drawn(START + A + service_task("act", "do.count") + X + D + END, ACTING,
                              *FREE, then=drafted, left=is_document("cancelled"), kept=is_document("draft"),
                              anew="act"),
    "money booked": Drawn(START + A + X + D + END, LINE, *stuck(BOOKED), first=sold, then=paid),
    "procedure started": Drawn(START + A + X + D + END, LINE, *stuck(STARTED), then=begun, kept=runs_on),
}  # fmt: skip
