"""Free talk where no procedure runs: about a client, a deal or a complaint."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine import access, comments, notifications
from engine.crm import merging
from engine.errors import Forbidden, Invalid, NotFound
from engine.models import Client, Comment, Complaint, Deal, Mail, Notice, StoredFile
from engine.queries import client as cards
from engine.queries import talk
from engine.storage import Folder
from tests.case import Case
from tests.cast import PEOPLE, actor


@pytest.fixture
def here(case: Case, tmp_path: Any) -> Case:
    """A client of Anna's, a deal of Boris's with it in which nothing runs, and a complaint about Boris."""
    case.env.files = Folder(tmp_path / "files")
    now, anna, boris = case.clock(), case.user("anna").id, case.user("boris").id
    case.put(firm("ООО «Ромашка»", case, anna))
    case.put(
        Deal(number="Д-1", title="Станки", client_id=1, owner_id=boris, created_at=now, milestone_at=now),
        Complaint(number="2026-7", client_id=1, channel="phone", form="oral", explicitness="explicit", origin="client",
                  essence="Грубость", stage_at=now, received_at=now, against_id=boris,
                  responsible_id=case.user("lidia").id),
    )  # fmt: skip
    return case


def firm(name: str, case: Case, owner: int | None = None) -> Client:
    return Client(kind="legal", name=name, full_name=name, requisites={}, owner_id=owner, created_at=case.clock())


def say(case: Case, login: str, kind: str, body: str, **more: Any) -> Comment:
    return case.act(login, comments.write_about, kind, 1, body, **more)


def told(case: Case, login: str) -> list[str]:
    with case.env.sessions() as session:
        mine = select(Notice.kind).where(Notice.user_id == case.user(login).id).order_by(Notice.id)
        return list(session.scalars(mine))


def may_see(case: Case, kind: str) -> set[str]:
    with case.env.sessions() as session:
        thing = session.get(comments.THINGS[kind], 1)
        return {
            login for login in PEOPLE
            if access.may(session, actor(case.env, login), case.clock.now, f"{kind}.see", thing)
        }  # fmt: skip


def test_a_comment_on_a_client_stands_in_the_history_of_its_card_without_its_words(here: Case) -> None:
    say(here, "boris", "client", "Просят звонить **после обеда**")
    with here.env.sessions() as session:
        ((line, who), *_), _ = cards.history(session, session.get_one(Client, 1), 10)
        assert (line.type, who.login if who else None) == ("comment.written", "boris")
        assert "обеда" not in str(line.data)
        place = comments.place(session, "client", 1)
        (said,) = talk.of_instances(session, actor(here.env, "anna"), here.clock.now, [], place).said
        assert said.comment.body == "Просят звонить **после обеда**"


def test_whose_client_deal_or_complaint_it_is_hears_of_it(here: Case) -> None:
    say(here, "elena", "client", "Кто ведёт?")
    say(here, "elena", "deal", "Когда предложение?")
    say(here, "elena", "complaint", "Разобрались?")
    assert told(here, "anna") == ["commented"]
    assert told(here, "boris") == ["commented"]
    assert told(here, "lidia") == ["commented"]


def test_the_employee_complained_of_is_not_told_what_is_said_of_him(here: Case) -> None:
    with here.env.sessions.begin() as session:
        session.get_one(Client, 1).owner_id = here.user("boris").id
    say(here, "boris", "complaint", "Объясню сам")
    say(here, "elena", "complaint", "Не надо")
    assert told(here, "boris") == []


def test_a_mention_names_the_thing_and_leads_to_its_page(here: Case) -> None:
    say(here, "elena", "complaint", "@lidia ответьте сегодня")
    with here.env.sessions() as session:
        (notice,) = session.scalars(select(Notice))
        head, _ = notifications.said(here.env, "en", notice.kind, notice.facts, None)
        assert head.endswith("Complaint 2026-7")
        assert notifications.link(here.env, notice).endswith("/complaints/1#talk")


@pytest.mark.parametrize("kind", ["client", "deal", "complaint"])
def test_those_who_are_offered_are_exactly_those_who_may_see_it(here: Case, kind: str) -> None:
    with here.env.sessions() as session:
        offered = {person.login for person in talk.who_see_thing(session, comments.place(session, kind, 1))}
    assert offered & set(PEOPLE) == may_see(here, kind)


@pytest.mark.parametrize(("kind", "stranger"), [("deal", "anna"), ("complaint", "vera")])
def test_who_may_not_see_it_neither_speaks_nor_is_mentioned(here: Case, kind: str, stranger: str) -> None:
    assert stranger not in may_see(here, kind)
    with pytest.raises(Forbidden):
        say(here, stranger, kind, "Можно?")
    with pytest.raises(Invalid, match="may not see this case"):
        say(here, "elena", kind, f"@{stranger} что скажешь?")


def test_an_auditor_reads_and_does_not_speak(here: Case) -> None:
    for kind in ("client", "deal", "complaint"):
        assert "artem" in may_see(here, kind)
        with pytest.raises(Forbidden):
            say(here, "artem", kind, "Вижу")


def test_files_come_with_the_comment_of_who_brought_them(here: Case) -> None:
    stored = here.act("anna", comments.enclose, "client", 1, "план.txt", b"plan")
    with pytest.raises(NotFound):
        say(here, "boris", "client", "Чужой файл", files=[stored["id"]])
    comment = say(here, "anna", "client", "", files=[stored["id"]])
    with pytest.raises(NotFound):
        say(here, "anna", "client", "Ещё раз", files=[stored["id"]])
    here.act("anna", comments.withdraw, comment.id)
    with here.env.sessions() as session:
        assert session.get_one(StoredFile, stored["id"]).comment_id is None


def test_what_is_taken_back_is_told_to_nobody_any_more(here: Case) -> None:
    comment = say(here, "elena", "client", "@boris не туда")
    assert told(here, "boris") == ["mentioned"]
    here.act("elena", comments.withdraw, comment.id)
    assert told(here, "boris") == []


def test_who_has_looked_at_the_talk_has_read_what_he_was_told(here: Case) -> None:
    say(here, "elena", "client", "@boris смотри")
    with here.env.sessions() as session:
        place = comments.place(session, "client", 1)
        assert talk.of_instances(session, actor(here.env, "boris"), here.clock.now, [], place).unread
    here.act("boris", comments.looked_at, "client", 1)
    with here.env.sessions() as session:
        assert not talk.of_instances(session, actor(here.env, "boris"), here.clock.now, [], place).unread


def test_the_talk_about_a_double_moves_to_the_client_that_stays(here: Case) -> None:
    say(here, "boris", "client", "Это филиал")
    here.put(firm("ООО «Ромашка» 2", here))
    here.act("elena", merging.merge, 1, 2, "Один и тот же")
    with here.env.sessions() as session:
        assert session.scalars(select(Comment.client_id)).all() == [2]


def test_a_mail_about_it_remembers_the_comment(here: Case) -> None:
    here.env.mail = object()
    comment = say(here, "elena", "client", "@boris срочно")
    with here.env.sessions() as session:
        assert session.scalars(select(Mail.comment_id)).all() == [comment.id]
