"""The templates as they are: fit to be published, filled from their samples, right in print with awkward data."""
from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from docx import Document

from engine.documents import Renderer, samples
from engine.documents.pdf import Office
from engine.environment import settings_of
from engine.errors import Invalid
from tests.office import office_or_skip, pages

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = settings_of(ROOT / "settings")
TEMPLATES = sorted((ROOT / "documents").glob("*/*.docx"))
NAMES = [path.relative_to(ROOT / "documents").with_suffix("").as_posix() for path in TEMPLATES]
ENTREPRENEUR = {
    "kind": "ip", "name": "ИП Щербина О. Н.", "full_name": "Щербина Ольга Николаевна", "inn": "500100732259",
    "ogrn": "319774600123453",
    "requisites": {"address": "г. Одинцово, ул. Садовая, д. 3", "bank": "АО «Банк»", "bik": "044525974",
                   "account": "40802810800002345678", "corr_account": "30101810145250000974"},
}  # fmt: skip
PERSON = {
    "kind": "person", "name": "Заяц А. И.", "full_name": "Заяц Александра Иосифовна",
    "requisites": {"address": "г. Калуга, ул. Ленина, д. 1, кв. 2", "passport": "29 11 № 123456"},
}
FOREIGN = {
    "kind": "foreign", "name": 'Großmann & Söhne "Industrie" GmbH', "ogrn": "HRB 12345",
    "full_name": 'Großmann & Söhne "Industrie" Gesellschaft mit beschränkter Haftung für Anlagenbau',
    "requisites": {"address": "Königsallee 1, 40212 Düsseldorf, Deutschland", "bank": "Deutsche Bank AG",
                   "bik": "DEUTDEFF", "account": "DE89370400440532013000"},
}  # fmt: skip


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    made = office_or_skip()
    yield made
    made.close()


def _sample(name: str, change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    raw = yaml.safe_load((ROOT / "documents" / f"{name}.sample.yaml").read_text("utf-8"))
    raw = copy.deepcopy(raw)
    if change is not None:
        change(raw)
    return samples.build(yaml.safe_dump(raw, allow_unicode=True), SETTINGS)


def _content(name: str) -> bytes:
    return (ROOT / "documents" / f"{name}.docx").read_bytes()


def _text(docx: bytes) -> str:
    """All words of a document, tables included, with plain spaces."""
    body = Document(io.BytesIO(docx)).element.body
    paragraphs = ("".join(node.text or "" for node in p.iter() if node.tag.endswith("}t")) for p in body.iter()
                  if p.tag.endswith("}p"))  # fmt: skip
    return "\n".join(paragraphs).replace("\u00a0", " ")


def _is_sound(docx: bytes) -> None:
    """What a word processor insists on: a paragraph at the end of every cell, and between two tables."""
    body = Document(io.BytesIO(docx)).element.body
    for cell in (node for node in body.iter() if node.tag.endswith("}tc")):
        assert cell[-1].tag.endswith("}p")
    for table in (node for node in body.iter() if node.tag.endswith("}tbl")):
        following = table.getnext()
        assert following is not None
        assert following.tag.endswith("}p")
        assert any(node.tag.endswith("}tr") for node in table)


def _whole(raw: dict[str, Any]) -> None:
    """No schedule: the whole deal is paid at once."""
    raw["facts"].setdefault("deal", {}).pop("payments", None)
    raw["extra"].pop("part", None)


def test_the_six_documents_of_a_sale_have_templates_with_samples() -> None:
    for kind in ("protocol", "proposal", "contract", "invoice", "act", "questionnaire"):
        assert f"sale/{kind}" in NAMES
    for name in NAMES:
        assert (ROOT / "documents" / f"{name}.sample.yaml").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_reads_only_names_that_documents_are_given(renderer: Renderer, name: str) -> None:
    assert renderer.check(_content(name), name) == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_filled_from_its_sample(renderer: Renderer, name: str) -> None:
    filled = _text(renderer.render(_content(name), _sample(name), name))
    assert "{{" not in filled
    assert "None" not in filled
    assert ".." not in filled.replace("...", "")


def _entrepreneur(raw: dict[str, Any]) -> None:
    _whole(raw)
    raw["facts"]["client"] = dict(ENTREPRENEUR)
    raw["facts"]["contact"] = {"last": "Щербина", "first": "Ольга", "middle": "Николаевна", "gender": "f"}
    raw["facts"]["deal"] |= {"vat_mode": "none", "discount": 0}


def _private_person(raw: dict[str, Any]) -> None:
    _whole(raw)
    raw["facts"]["client"] = dict(PERSON)
    raw["facts"]["contact"] = {"last": "Заяц", "first": "Александра", "middle": "Иосифовна", "gender": "f"}
    raw["facts"]["deal"] |= {"vat_mode": "usn_5", "discount": 0,
                             "lines": [{"name": "Проба", "unit": "усл.", "quantity": 1, "price": "0"}]}  # fmt: skip


def _foreign(raw: dict[str, Any]) -> None:
    _whole(raw)
    raw["facts"]["client"] = dict(FOREIGN)
    raw["facts"]["contact"] = {"last": "Großmann", "first": "Hans-Jürgen", "gender": "m", "position": "Geschäftsführer"}


def _many_lines(raw: dict[str, Any]) -> None:
    _whole(raw)
    raw["facts"]["client"]["name"] = 'ООО «НПО "Рога & Копыта" <им. О. Бендера>»'
    raw["facts"]["deal"]["title"] = "сопровождение {{ 7*7 }}"
    raw["facts"]["deal"]["lines"] = [
        {"name": f"Услуга {n} & <прочее>", "unit": "ч", "quantity": "12.5", "price": "98765432.10"}
        for n in range(1, 61)
    ]


@pytest.mark.parametrize("change", [_entrepreneur, _private_person, _foreign, _many_lines])
@pytest.mark.parametrize("name", NAMES)
def test_awkward_clients_and_sums_are_printed_whole(
    renderer: Renderer, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    kind = name.split("/")[1]
    if change is _entrepreneur and kind in {"vat_invoice", "advance_vat_invoice"}:
        with pytest.raises(Invalid):
            _sample(name, change)  # nobody makes a VAT invoice without VAT
        return
    context = _sample(name, change)
    filled = _text(renderer.render(_content(name), context, name))
    _is_sound(renderer.render(_content(name), context, name))
    if kind in {"contract", "refund_agreement", "act", "contract_specification", "vat_invoice", "upd",
                "corrective_vat_invoice"}:
        assert context["client"]["full_name"] in filled
    if kind in {"invoice", "invoice_offer", "act", "proposal", "contract", "contract_specification"}:
        assert context["document"]["totals"]["words"] in filled
    if change is _many_lines and kind == "contract":
        assert "Услуга 60 & <прочее>" in filled
        assert "сопровождение {{ 7*7 }}" in filled
    if change is _foreign and kind == "contract":
        assert "Рег. № HRB 12345" in filled
        assert "SWIFT DEUTDEFF" in filled


def test_a_contract_names_both_sides_in_the_right_case(renderer: Renderer) -> None:
    filled = _text(renderer.render(_content("sale/contract"), _sample("sale/contract")))
    assert "в лице генерального директора Громовой Елены Викторовны, действующей на основании устава" in filled
    assert "Римского-Корсакова Андрея Николаевича, действующего на основании доверенности от 12.01.2026 № 7" in filled
    assert "«25» ноября 2026 г." in filled


def test_an_entrepreneur_acts_for_himself_and_no_vat_is_explained(renderer: Renderer) -> None:
    filled = _text(renderer.render(_content("sale/contract"), _sample("sale/contract", _entrepreneur)))
    assert "Индивидуальный предприниматель Щербина Ольга Николаевна, именуемая в дальнейшем «Заказчик», " \
        "действующая на основании записи в ЕГРИП, ОГРНИП 319774600123453" in filled
    assert "НДС не облагается (освобождение по ст. 145 НК РФ)" in filled
    assert "ставка налога на добавленную стоимость" not in filled


def test_a_consumer_keeps_his_rights(renderer: Renderer) -> None:
    filled = _text(renderer.render(_content("sale/contract"), _sample("sale/contract", _private_person)))
    assert "Ничто в Договоре не ограничивает прав Заказчика как потребителя" in filled
    assert "арбитражный суд" not in filled


def test_an_invoice_is_for_its_part_of_the_schedule_with_vat_in_the_purpose(renderer: Renderer) -> None:
    context = _sample("sale/invoice")
    filled = _text(renderer.render(_content("sale/invoice"), context))
    assert "Предоплата 50 % по договору № 0017/26 от 25.11.2026" in filled
    assert "391 875,00" in filled
    assert "В том числе НДС 22 % 70665.98 руб." in context["payment"]["purpose"]
    assert len(context["payment"]["purpose"]) <= 210


def test_a_proposal_addresses_its_reader_in_the_dative(renderer: Renderer) -> None:
    filled = _text(renderer.render(_content("sale/proposal"), _sample("sale/proposal")))
    assert "Директору по персоналу" in filled
    assert "Чайке О. И." in filled
    assert "Уважаемая Ольга Ильинична!" in filled


def test_several_needs_become_a_list_and_the_author_stands_for_us(renderer: Renderer) -> None:
    def flat(raw: dict[str, Any]) -> None:
        raw["extra"]["data"] = {"offer_need": "Собрать партнеров\nПоказать линейку", "needs": "x"}

    filled = _text(renderer.render(_content("sale/proposal"), _sample("sale/proposal", flat)))
    assert "Мы поняли Вашу задачу так:\n–Собрать партнеров\n–Показать линейку" in filled
    filled = _text(renderer.render(_content("sale/protocol"), _sample("sale/protocol", flat)))
    assert "Соболев Павел Андреевич, менеджер по работе с клиентами" in filled


def test_the_pdf_of_an_invoice_has_the_sum_the_words_and_the_pages(renderer: Renderer, office: Office) -> None:
    pdf = office.convert(renderer.render(_content("sale/invoice"), _sample("sale/invoice")))
    assert pdf is not None
    text = pages(pdf)
    assert len(text) == 1
    assert "Счет на оплату № 0093/26 от 26 ноября 2026 г." in text[0]
    assert "Триста девяносто одна тысяча восемьсот семьдесят пять рублей 00 копеек" in " ".join(text[0].split())
    assert "стр. 1 из 1" in text[0]


def test_a_long_contract_numbers_its_pages_and_repeats_the_head_of_its_table(
    renderer: Renderer, office: Office
) -> None:
    pdf = office.convert(renderer.render(_content("sale/contract"), _sample("sale/contract", _many_lines)))
    assert pdf is not None
    text = pages(pdf)
    assert f"стр. {len(text)} из {len(text)}" in text[-1]
    assert sum("Наименование услуги" in page for page in text) == 2
    assert "3.2.1." in "".join(text)
