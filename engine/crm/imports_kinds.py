"""What can be imported: the fields of each kind of file, and what one row of it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.crm import imports_rows
from engine.crm.imports_fields import Field
from engine.crm.imports_rows import Row
from engine.errors import Text, text
from engine.work import Work

Handler = Callable[[Work, Row, dict[str, Any]], str]


@dataclass(frozen=True)
class Kind:
    """``take`` does one row and says what it did: new, changed or double; it raises for a faulty one. The dictionary it
    is given lives as long as the file. ``unique``: fields one of which tells what the row is about."""

    key: str
    title: Text
    take: Handler
    fields: Sequence[Field]
    about: Sequence[str]
    doubles: Text = field(default=text("The same row again changes nothing."))


CLIENT_KINDS: Mapping[str, str] = {
    "legal": "legal", "company": "legal", "юрлицо": "legal", "юридическое лицо": "legal", "компания": "legal",
    "организация": "legal", "ооо": "legal", "ip": "ip", "entrepreneur": "ip", "ип": "ip",
    "предприниматель": "ip", "индивидуальный предприниматель": "ip", "person": "person", "private person": "person",
    "foreign": "foreign", "foreign company": "foreign", "нерезидент": "foreign",
    "иностранная организация": "foreign", "физлицо": "person", "физическое лицо": "person", "частное лицо": "person",
}  # fmt: skip
DIRECTIONS: Mapping[str, str] = {
    "in": "in", "приход": "in", "оплата": "in", "поступление": "in", "refund": "refund", "возврат": "refund",
}  # fmt: skip

CLIENTS = Kind(
    "clients",
    text("Clients"),
    imports_rows.client,
    (
        Field(
            "name",
            text("Name"),
            "наименование, название, клиент, контрагент, краткое наименование, client",
            required=True,
            sample="ООО «Северный ветер»",
        ),
        Field("full_name", text("Full name"), "полное наименование, полное название"),
        Field(
            "kind",
            text("Kind of client"),
            "вид клиента, тип, вид, тип клиента, юр физ лицо, kind",
            "choice",
            choices=CLIENT_KINDS,
        ),
        Field("inn", text("INN"), "инн", "inn", sample="7819001105"),
        Field("kpp", text("KPP"), "кпп", sample="781901001"),
        Field("ogrn", text("OGRN"), "огрн, огрнип, огрн огрнип"),
        Field("address", text("Address"), "адрес, юридический адрес, юр адрес"),
        Field("city", text("City"), "город"),
        Field("phone", text("Phone"), "телефон, тел, телефоны"),
        Field("email", text("E-mail"), "e mail, email, почта, электронная почта, mail"),
        Field("bank", text("Bank"), "банк"),
        Field("bik", text("BIK"), "бик"),
        Field("account", text("Settlement account"), "расчетный счет, р с, счет, рс"),
        Field("corr_account", text("Correspondent account"), "корреспондентский счет, корр счет, к с, кс"),
        Field("owner", text("Manager"), "менеджер, ответственный, ответственный менеджер, owner"),
        Field("contact_last", text("Contact: last name"), "фамилия, контакт фамилия"),
        Field("contact_first", text("Contact: first name"), "имя, контакт имя"),
        Field("contact_middle", text("Contact: middle name"), "отчество, контакт отчество"),
        Field("contact_position", text("Contact: position"), "должность, контакт должность, position"),
        Field("contact_phone", text("Contact: phone"), "телефон контакта, контакт телефон, мобильный"),
        Field("contact_email", text("Contact: e-mail"), "почта контакта, контакт почта, e mail контакта"),
    ),
    ("name", "inn"),
    text("A client is known by its INN and KPP, without an INN by its name."),
)
PRODUCTS = Kind(
    "products",
    text("Products"),
    imports_rows.product,
    (
        Field("code", text("Code"), "код, артикул, sku", required=True, sample="TR-01"),
        Field(
            "name",
            text("Name"),
            "наименование, название, товар, услуга, продукт, номенклатура, product",
            required=True,
            sample="Тренинг",
        ),
        Field("unit", text("Unit"), "ед, единица, ед изм, единица измерения", sample="группа"),
        Field("price", text("Price with VAT"), "цена, цена с ндс, price", "money", required=True, sample="146400,00"),
        Field("cost", text("Cost of one unit"), "себестоимость, затраты, cost", "money"),
        Field("direction", text("Direction (code)"), "направление, код направления, группа, direction"),
        Field("description", text("Description"), "описание"),
        Field("every_months", text("Due again after, months"), "периодичность, периодичность мес, каждые мес", "whole"),
    ),
    ("code", "name"),
    text("A product is known by its code."),
)
SETTLEMENTS = Kind(
    "settlements",
    text("Settlements"),
    imports_rows.settlement,
    (
        Field(
            "dated", text("Date"), "дата, дата оплаты, дата платежа, период", "date", required=True, sample="21.11.2026"
        ),
        Field("inn", text("INN"), "инн, инн клиента, инн контрагента", "inn", sample="7819001105"),
        Field("client", text("Client"), "клиент, контрагент, наименование, покупатель", sample="ООО «Северный ветер»"),
        Field(
            "product", text("Product"), "товар, продукт, услуга, номенклатура, код товара, код продукта", sample="TR-01"
        ),
        Field("sum", text("Sum"), "сумма, оборот, сумма с ндс, amount", "money", required=True, sample="146400,00"),
        Field("cost", text("Cost"), "себестоимость, затраты", "money"),
        Field("kind", text("In or refund"), "вид, операция, вид операции", "choice", choices=DIRECTIONS),
        Field("owner", text("Manager"), "менеджер, ответственный, продавец"),
        Field("reference", text("Reference"), "номер, документ, номер документа, ссылка, no", sample="ПП-101"),
    ),
    ("client", "inn", "reference"),
    text("A settlement is known by its client and reference; without one by client, product, day and sum."),
)
PLANS = Kind(
    "plans",
    text("Sales plan"),
    imports_rows.plan,
    (
        Field("month", text("Month"), "месяц, период", "month", required=True, sample="11.2026"),
        Field("owner", text("Employee"), "сотрудник, менеджер, продавец", sample="ivanova"),
        Field("product", text("Direction"), "направление, продукт, товар, код", sample="TR-01"),
        Field("sum", text("Sum"), "сумма, план, план сумма, план руб", "money", required=True, sample="500000,00"),
        Field("count", text("Number of sales"), "количество, штук, продаж, кол во", "whole", sample="3"),
    ),
    ("month", "owner", "product"),
    text("A plan is known by its month, employee and direction."),
)
COMPETITOR_PRICES = Kind(
    "competitor_prices",
    text("Prices of competitors"),
    imports_rows.competitor_price,
    (
        Field(
            "competitor",
            text("Competitor"),
            "конкурент, поставщик, компания",
            required=True,
            sample="АО «Альтернатива»",
        ),
        Field(
            "product",
            text("Our product"),
            "наш товар, товар, продукт, услуга, код, код товара",
            required=True,
            sample="TR-01",
        ),
        Field("price", text("Price"), "цена, их цена, цена конкурента", "money", required=True, sample="139000,00"),
        Field("seen_on", text("Seen on"), "дата, дата цены, увидена", "date", sample="21.11.2026"),
        Field("note", text("Note"), "примечание, источник, комментарий"),
    ),
    ("competitor", "product"),
    text("A price is known by its competitor, product and day."),
)
SOURCE_COSTS = Kind(
    "source_costs",
    text("Costs of sources"),
    imports_rows.source_cost,
    (
        Field("source", text("Source"), "источник, канал, ключ, источник рекламы", required=True, sample="site"),
        Field("month", text("Month"), "месяц, период", "month", required=True, sample="11.2026"),
        Field("sum", text("Sum"), "сумма, расход, затраты, стоимость", "money", required=True, sample="45000,00"),
    ),
    ("source", "month"),
    text("A cost is known by its source and month."),
)
KINDS: Mapping[str, Kind] = {
    kind.key: kind for kind in (CLIENTS, PRODUCTS, SETTLEMENTS, PLANS, COMPETITOR_PRICES, SOURCE_COSTS)
}
