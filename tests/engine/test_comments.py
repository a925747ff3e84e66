"""Free talk on a case: who may say something, who is told, and what is left of what was taken back."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine import access, attachments, comments, tasks
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models import Comment, Notice, StoredFile
from engine.queries import talk
from engine.storage import Folder
from tests.case import END, START, Case, drawing, user_task
from tests.cast import PEOPLE, actor


@pytest.fixture
def here(case: Case, tmp_path: Any) -> Case:
    """One task that Anna has; Boris may not see it, Elena heads them."""
    case.env.files = Folder(tmp_path / "files")
    tasks_of_it = user_task("do", "Сделать", "lawyer") + user_task("then", "Потом", "manager")
    case.publish(drawing("p", START + tasks_of_it + END, flows="start>do;do>then;then>end"))
    case.start("p")
    case.act("lidia", tasks.claim, case.task("do").id)
    return case


def say(case: Case, login: str, body: str, **more: Any) -> Comment:
    return case.act(login, comments.write, case.instance_id, body, **more)


def told(case: Case, login: str) -> list[tuple[str, str | None]]:
    with case.env.sessions() as session:
        mine = select(Notice).where(Notice.user_id == case.user(login).id).order_by(Notice.id)
        return [(notice.kind, notice.subject) for notice in session.scalars(mine)]


def test_a_comment_is_kept_with_its_line_in_the_log_but_not_its_words(here: Case) -> None:
    comment = say(here, "lidia", "Жду скан **договора**", task_id=here.task("do").id)
    line = here.log()[-1]
    assert (line.type, line.subject) == ("comment.written", f"comment:{comment.id}")
    assert "договора" not in str(line.data)
    with here.env.sessions() as session:
        (said,) = talk.of_instance(session, actor(here.env, "elena"), here.clock.now, here.instance_id).said
    assert (said.comment.body, said.author.login, said.task) == ("Жду скан **договора**", "lidia", "Сделать")


def test_who_is_mentioned_is_told_and_nobody_twice(here: Case) -> None:
    comment = say(here, "elena", "@lidia посмотри; @lidia, ещё раз. Почта: a@lidia.example")
    assert told(here, "lidia") == [("mentioned", f"comment:{comment.id}")]
    assert told(here, "elena") == []


def test_a_notice_quotes_the_words_without_their_marks(here: Case) -> None:
    say(here, "elena", "@lidia **важно**:\n- раз\n- `два`")
    with here.env.sessions() as session:
        (notice,) = session.scalars(select(Notice))
    assert notice.facts["excerpt"] == "@lidia важно: раз два"


def test_a_mail_address_is_no_mention() -> None:
    assert comments.named("пишите на box@anna.example или @Boris. и (@vera-)") == ["boris", "vera"]


def test_who_may_not_see_the_case_cannot_be_mentioned_and_is_not_told(here: Case) -> None:
    with pytest.raises(Invalid, match="Петров Борис may not see this case"):
        say(here, "lidia", "@boris что скажешь?")
    assert told(here, "boris") == []
    assert "comment.written" not in here.logged()


def test_who_may_not_see_the_case_cannot_comment(here: Case) -> None:
    with pytest.raises(Forbidden):
        say(here, "boris", "Можно?")
    with pytest.raises(Forbidden):
        say(here, "artem", "Аудитор смотрит, но не говорит")


def test_who_works_on_it_or_has_spoken_hears_of_it(here: Case) -> None:
    say(here, "dmitry", "Когда будет готово?")
    assert told(here, "lidia") == [("commented", "comment:1")]
    say(here, "lidia", "Завтра")
    assert told(here, "dmitry") == [("commented", "comment:2")]


def test_the_author_takes_a_comment_back_within_minutes_and_nothing_of_it_is_left(here: Case) -> None:
    stored = here.act("elena", attachments.attach, here.instance_id, "лишнее.txt", b"secret")
    comment = say(here, "elena", "@lidia не туда", files=[stored["id"]])
    with pytest.raises(Forbidden):
        here.act("lidia", comments.withdraw, comment.id)
    here.act("elena", comments.withdraw, comment.id)
    with here.env.sessions() as session:
        kept = session.get_one(Comment, comment.id)
        assert (kept.body, kept.files, kept.mentions) == ("", None, None)
        assert session.get_one(StoredFile, stored["id"]).instance_id is None
    assert told(here, "lidia") == []
    assert here.logged()[-2:] == ["comment.written", "comment.withdrawn"]
    with pytest.raises(WrongState):
        here.act("elena", comments.withdraw, comment.id)


def test_later_a_comment_stays(here: Case) -> None:
    comment = say(here, "lidia", "Сказано")
    here.clock.move(minutes=6)
    with pytest.raises(WrongState, match="within 5 minutes"):
        here.act("lidia", comments.withdraw, comment.id)


def test_only_the_authors_own_files_of_this_case_are_attached(here: Case) -> None:
    stored = here.act("elena", attachments.attach, here.instance_id, "план.txt", b"plan")
    with pytest.raises(NotFound):
        say(here, "lidia", "Чужой файл", files=[stored["id"]])
    assert say(here, "elena", "", files=[stored["id"]]).files == [str(stored["id"])]


def test_an_empty_comment_and_one_for_a_task_of_another_case_are_refused(here: Case) -> None:
    with pytest.raises(Invalid, match="Write something"):
        say(here, "lidia", "  \n ")
    other = here.task("do").id
    here.start("p")
    with pytest.raises(NotFound):
        say(here, "elena", "не сюда", task_id=other)


def test_those_who_are_offered_are_exactly_those_who_may_see_it(here: Case) -> None:
    here.complete("do", "lidia")
    with here.env.sessions() as session:
        offered = {person.login for person in talk.who_see(session, here.instance)}
        allowed = {
            login
            for login in PEOPLE
            if access.may(session, actor(here.env, login), here.clock.now, "instance.see", here.instance)
        }
    assert offered == allowed
    assert "quentin" not in offered
