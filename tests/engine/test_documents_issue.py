"""Issuing documents from a procedure: numbers, files, locks, versions."""
from __future__ import annotations

import threading
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from engine import values
from engine.actions import ActionCall
from engine.documents import actions, check_template, lifecycle
from engine.documents.issue import Issue, NewVersion
from engine.environment import settings_of
from engine.errors import BusinessError, Failed, NotFound, WrongState
from engine.models import AuditEvent, Document, NumberSequence, ProcessInstance, StoredFile
from engine.storage import Folder
from engine.work import SYSTEM, run
from tests.case import END, START, Case, drawing, service_task, user_task
from tests.engine.docx_files import docx, texts

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = docx("Счет {{ document.number }} на {{ payment.sum|money }} руб. ({{ payment.words }})", "{{ client.name }}")
MAPPING = "<zeebe:ioMapping>{}</zeebe:ioMapping>"
INPUTS = {"kind": '="invoice"', "template": '="test/invoice"', "valid_for": '="P5BD"', "data": "={part: 1}"}


def _mapped(**inputs: str) -> str:
    return MAPPING.format(
        "".join(f"<zeebe:input source='{source}' target='{target}'/>" for target, source in inputs.items())
    )


@pytest.fixture
def desk(case: Case, tmp_path: Path) -> Case:
    """A company with one template and the facts of the invoice's sample, and a procedure that waits for a manager."""
    env = case.env
    env.settings = settings_of(ROOT / "settings")
    env.files = Folder(tmp_path / "files")
    env.check_template = check_template
    sample = yaml.safe_load((ROOT / "documents" / "sale" / "invoice.sample.yaml").read_text("utf-8"))
    env.facts = lambda *_: sample["facts"]
    actions.register(env.actions)
    case.publish(
        drawing("waits", START + user_task("wait") + END, flows="start>wait; wait>end"),
        **{"documents/test/invoice.docx": TEMPLATE},
    )
    case.start("waits")
    return case


def _call(desk: Case, key: str = "k1", **inputs: Any) -> ActionCall:
    given = {"kind": "invoice", "template": "test/invoice", "data": {"part": 1}} | inputs
    return ActionCall(instance=desk.instance, element_id="issue", token_id="t", key=key, inputs=given)


def _issue(desk: Case, key: str = "k1", action: Issue | None = None, **inputs: Any) -> Mapping[str, Any]:
    action, call = action or Issue(), _call(desk, key, **inputs)
    plan = run(desk.env, SYSTEM, action.prepare, call)
    result = action.effect(plan)
    outputs = run(desk.env, SYSTEM, action.commit, call, plan, result)
    assert outputs is not None
    return outputs


def _document(desk: Case, document_id: int) -> Document:
    with desk.env.sessions() as session:
        return session.get_one(Document, document_id)


def _lines(desk: Case, kind: str) -> list[AuditEvent]:
    return [line for line in desk.log() if line.type == kind]


def test_a_service_task_issues_a_numbered_document(desk: Case) -> None:
    body = START + service_task("issue", "document.issue", _mapped(**INPUTS)) + user_task("check") + END
    desk.publish(drawing("issues", body, flows="start>issue; issue>check; check>end"))
    desk.start("issues")
    desk.run_jobs()
    assert desk.open == ["check"], desk.incidents
    made = desk.variables
    assert made["document_number"] == "0001/26"
    assert made["document_total"] == Decimal("391875.00")
    row = _document(desk, made["document_id"])
    assert (row.kind, row.status, row.version, row.dated.isoformat()) == ("invoice", "draft", 1, "2026-11-16")
    assert row.valid_until is not None


def test_the_file_holds_what_the_log_says(desk: Case) -> None:
    row = _document(desk, _issue(desk)["document_id"])
    with desk.env.sessions() as session:
        stored = session.get_one(StoredFile, row.docx_id)
    assert stored.name == "Счет на оплату 0001-26.docx"
    assert _lines(desk, "document.issued")[0].data["sha256"]["docx"] == stored.sha256
    content = desk.env.files.get(stored.sha256)
    assert texts(content)[0].replace("\u00a0", " ") == (
        "Счет 0001/26 на 391 875,00 руб. (Триста девяносто одна тысяча восемьсот семьдесят пять рублей 00 копеек)"
    )


def test_the_context_given_to_the_template_is_kept(desk: Case) -> None:
    row = _document(desk, _issue(desk)["document_id"])
    kept = values.decode(row.data)
    assert kept["payment"]["sum"] == Decimal("391875.00")
    assert kept["payment"]["qr"].startswith("ST00012|Name=")


def test_the_same_request_never_takes_a_second_number(desk: Case) -> None:
    first = run(desk.env, SYSTEM, Issue().prepare, _call(desk))
    again = run(desk.env, SYSTEM, Issue().prepare, _call(desk))
    assert first.document_id == again.document_id
    done = _issue(desk)
    assert _issue(desk) == done
    with desk.env.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Document)) == 1
        assert session.scalar(select(func.count()).select_from(StoredFile)) == 1
    assert len(_lines(desk, "document.issued")) == 1


def test_twenty_at_once_get_twenty_consecutive_numbers(desk: Case) -> None:
    failed: list[Exception] = []

    def issue(number: int) -> None:
        try:
            run(desk.env, SYSTEM, Issue().prepare, calls[number])
        except Exception as error:
            failed.append(error)

    calls = [_call(desk, f"k{number}") for number in range(20)]
    threads = [threading.Thread(target=issue, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with desk.env.sessions() as session:
        numbers = sorted(session.scalars(select(Document.number)))
        assert session.scalar(select(NumberSequence.last)) == 20
    assert numbers == [f"{number:04d}/26" for number in range(1, 21)]


def test_a_document_that_cannot_be_made_gives_its_number_back(desk: Case) -> None:
    nobody = {"client": {}, "company": {"name": "ООО"}, "deal": {}}
    facts, desk.env.facts = desk.env.facts, lambda *_: nobody
    with pytest.raises(BusinessError, match=r"company\.inn") as refused:
        _issue(desk)
    assert refused.value.code == "document_incomplete"
    desk.env.facts = facts
    assert _issue(desk)["document_number"] == "0001/26"


def test_payments_that_do_not_make_the_price_stop_the_document(desk: Case) -> None:
    sample = desk.env.facts(None, None, {}, None, None)
    deal = {**sample["deal"], "discount": 10}
    desk.env.facts = lambda *_: {**sample, "deal": deal}
    with pytest.raises(BusinessError, match="adds up to"):
        _issue(desk)


def test_each_kind_and_year_counts_for_itself(desk: Case) -> None:
    assert _issue(desk, "a")["document_number"] == "0001/26"
    assert _issue(desk, "b", kind="act")["document_number"] == "0001/26"
    desk.clock.move(days=60)
    assert _issue(desk, "c")["document_number"] == "0001/27"


def test_the_day_of_a_document_is_the_offices_day(desk: Case) -> None:
    desk.clock.move(hours=13)  # 22:00 UTC is one o'clock of the next day in Moscow
    assert _document(desk, _issue(desk)["document_id"]).dated.isoformat() == "2026-11-17"


def test_unknown_templates_and_kinds_are_named(desk: Case) -> None:
    with pytest.raises(NotFound, match="test/none"):
        _issue(desk, template="test/none")
    with pytest.raises(Failed, match="kind of document «letter»"):
        _issue(desk, kind="letter")


def test_approval_locks_and_a_locked_document_never_changes(desk: Case) -> None:
    document_id = _issue(desk)["document_id"]
    run(desk.env, SYSTEM, lifecycle.approve, document_id)
    row = _document(desk, document_id)
    assert (row.status, row.locked_at) == ("approved", desk.clock.now)
    assert _lines(desk, "document.approved")[0].data["sha256"]

    def tamper(work: Any) -> None:
        work.session.get_one(Document, document_id).total = Decimal(1)

    with pytest.raises(TypeError, match="locked"):
        run(desk.env, SYSTEM, tamper)
    with pytest.raises(TypeError, match="locked"):
        run(desk.env, SYSTEM, lambda work: work.session.delete(work.session.get_one(Document, document_id)))


def test_a_new_version_keeps_the_number_and_supersedes_the_old_one(desk: Case) -> None:
    first = _issue(desk)["document_id"]
    run(desk.env, SYSTEM, lifecycle.approve, first)
    second = _issue(desk, "k2", NewVersion(), document_id=first, data=None)
    assert second["document_number"] == "0001/26"
    assert second["document_total"] == Decimal("391875.00")
    assert _document(desk, second["document_id"]).version == 2
    assert _document(desk, first).status == "superseded"
    with pytest.raises(WrongState, match="superseded"):
        run(desk.env, SYSTEM, lifecycle.mark_sent, first)


def test_sent_and_signed_are_written_down_once(desk: Case) -> None:
    document_id = _issue(desk)["document_id"]
    run(desk.env, SYSTEM, lifecycle.mark_sent, document_id)
    sent_at = _document(desk, document_id).sent_at
    desk.clock.move(hours=1)
    run(desk.env, SYSTEM, lifecycle.mark_sent, document_id)
    run(desk.env, SYSTEM, lifecycle.mark_signed, document_id)
    row = _document(desk, document_id)
    assert (row.status, row.sent_at, row.signed_at) == ("signed", sent_at, desk.clock.now)
    assert len(_lines(desk, "document.sent")) == 1
    with pytest.raises(WrongState, match="signed"):
        run(desk.env, SYSTEM, lifecycle.cancel, document_id)


def test_a_cancelled_document_keeps_its_number_and_holds_no_more(desk: Case) -> None:
    document_id = _issue(desk)["document_id"]
    run(desk.env, SYSTEM, lifecycle.cancel, document_id, "клиент отказался")
    assert _lines(desk, "document.cancelled")[0].data["reason"] == "клиент отказался"
    with pytest.raises(WrongState):
        run(desk.env, SYSTEM, lifecycle.approve, document_id)
    assert _issue(desk, "k2")["document_number"] == "0002/26"


def test_a_document_that_has_no_file_yet_cannot_be_sent(desk: Case) -> None:
    plan = run(desk.env, SYSTEM, Issue().prepare, _call(desk))
    with pytest.raises(Failed, match="has not been made"):
        run(desk.env, SYSTEM, lifecycle.mark_sent, plan.document_id)
    with pytest.raises(NotFound):
        run(desk.env, SYSTEM, lifecycle.approve, 99)


def test_an_instance_is_named_in_the_log_of_its_documents(desk: Case) -> None:
    _issue(desk)
    with desk.env.sessions() as session:
        instance = session.get_one(ProcessInstance, desk.instance_id)
    assert {line.chain for line in _lines(desk, "document.numbered")} == {instance.id}
