"""The overview and the catalogue say what the drawings in force say."""

from __future__ import annotations

import re

from engine.queries import catalogue
from tests.web import world as worlds
from tests.web.conftest import Visitor


def test_requirement_numbers_are_read_with_their_ranges() -> None:
    assert catalogue.numbers("R139, R224–R226; CP-06, R008-R010") == {8, 9, 10, 139, 224, 225, 226}
    assert catalogue.numbers(None) == set()


def test_each_block_of_the_overview_leads_to_a_page_that_opens(visitor: Visitor) -> None:
    page = visitor.sign_in("anna").get("/overview").text
    links = re.findall(r'class="way-link title-link" href="([^"]+)"', page)
    assert 4 <= len(links) <= 7
    assert {visitor.get(link).status_code for link in links} == {200}


def test_the_catalogue_has_a_card_for_each_procedure_in_force(visitor: Visitor, world: worlds.World) -> None:
    with world.env.sessions() as session:
        entries = catalogue.entries(session, world.env)
    page = visitor.sign_in("anna").get("/catalogue").text
    assert entries
    for entry in entries:
        assert f'id="{entry.key}"' in page
        for point in entry.points:
            assert point.code in page


def test_a_called_procedure_knows_where_it_comes_from(world: worlds.World) -> None:
    with world.env.sessions() as session:
        entries = {entry.key: entry for entry in catalogue.entries(session, world.env)}
    for entry in entries.values():
        for key in entry.leads_to:
            assert entry.key in entries[key].comes_from


def test_a_norm_is_said_in_words_and_never_as_code(visitor: Visitor) -> None:
    page = visitor.sign_in("anna").get("/catalogue").text
    assert not re.search(r"P\d+BD|PT\d+BH|setting\(", page)
