"""Mails that fitted nowhere, before the administrator."""

from __future__ import annotations

import re

import pytest

from engine import replies
from engine.mailbox import Incoming
from engine.models import IncomingMail
from tests.web import world as worlds
from tests.web.conftest import Visitor


@pytest.fixture
def stray(world: worlds.World) -> worlds.World:
    mail = Incoming("1", "<x@client>", "eve@evil.example", "Re: <Договор>", (), 2048, body="Срочно!")
    assert replies.take(world.env, mail) == "unmatched"
    return world


def test_the_administrator_sees_it_says_what_was_done_and_it_waits_no_more(
    visitor: Visitor, stray: worlds.World
) -> None:
    visitor.sign_in("adam")
    page = visitor.get("/incoming-mail").text
    assert "Re: &lt;Договор&gt;" in page
    assert "Письмо не отвечает ни на одно наше" in page
    link = re.search(r'href="/incoming-mail".*?</a>', visitor.get("/help").text, re.S)
    assert link is not None
    assert 'count-late">1<' in link[0]
    assert "Срочно" not in page
    visitor.post("/incoming-mail/1/settle", {"reason": "Спам, отправитель заблокирован"}, page="/incoming-mail")
    assert "Писем нет" in visitor.get("/incoming-mail").text
    assert "Спам, отправитель заблокирован" in visitor.get("/incoming-mail?show=all").text
    with stray.env.sessions() as session:
        assert session.get_one(IncomingMail, 1).settled_by == stray.people["adam"]


def test_it_is_nobody_elses_business(visitor: Visitor, stray: worlds.World) -> None:
    visitor.sign_in("gleb")
    assert visitor.get("/incoming-mail").status_code == 403
    assert visitor.post("/incoming-mail/1/settle", {"reason": "x"}).status_code == 403
