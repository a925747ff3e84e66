"""One sale from the first call to the closed deal, done by six people with the mouse."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

from playwright.sync_api import Locator, expect

from tests.browser.company import Company
from tests.browser.person import Person

DEAL = "Обучение отдела продаж переговорам"
CONTRACT = "Договор"
STAGES = "main section:has(#stages-head)"
EVENT = datetime(2026, 12, 15, 7, 0, tzinfo=UTC)
INNER = "Согласование документа"
PAPERS = (
    ("Протокол встречи", "П-0001/26", "отправлен"), ("Коммерческое предложение", "КП-0001/26", "отправлен"),
    ("Договор", "0001/26", "подписан"), ("Счет на оплату", "0001/26", "отправлен"),
    ("Акт об оказании услуг", "0001/26", "подписан"), ("Анкета удовлетворенности", "А-0001/26", "отправлен"),
)  # fmt: skip


def test_a_deal_is_won_by_clicking(company: Company, person: Callable[[str], Person]) -> None:
    anna = person("ivanova")
    lawyer, accountant, director, lead = (person(login) for login in ("grachev", "shcherbina", "sobolev", "tikhonov"))

    begins_the_sale(anna)
    holds_the_meeting(anna, company)
    writes_the_protocol(anna, company)
    makes_the_proposal(anna, company)
    stage_is(anna, "Договор")
    proposes_the_contract(anna)
    for approver in (lawyer, accountant):
        approves(approver)
    approves_with_the_paper_before_his_eyes(director)
    gets_the_contract_signed(anna, company)
    money_comes_in(anna, accountant)
    carries_out(anna, lead, person("fedorova"), company)
    closes(anna, company)
    the_deal_page_tells_it_all(anna)
    the_log_is_whole_and_the_replay_reaches_the_end(anna, company)


def begins_the_sale(anna: Person) -> None:
    anna.goes_to("/")
    anna.looks("01-inbox-empty")
    anna.goes_to("/deals")
    anna.looks("02-deals")
    anna.page.get_by_role("link", name=DEAL).click()
    anna.looks("03-deal-new")
    anna.page.get_by_role("link", name="Запустить по этой сделке").click()
    anna.looks("04-start")
    tile = anna.page.get_by_role("listitem").filter(has_text="Длинная продажа (инициатива компании)")
    tile.get_by_role("link", name="Запустить").click()
    anna.looks("05-start-form")
    expect(anna.page.get_by_label("Сделка")).to_have_value(re.compile(re.escape(DEAL)))
    anna.page.get_by_role("button", name="Запустить").click()
    expect(anna.page.locator("main")).to_be_visible()
    anna.company.work()


def holds_the_meeting(anna: Person, company: Company) -> None:
    anna.opens_task("Договориться о презентации")
    anna.chooses("Договорились о встрече?", "Да, встреча назначена")
    anna.fills("Дата и время", "2026-11-18T11:00")
    anna.fills("Место или ссылка", "Москва, ул. Краснопрудная, 12")
    anna.looks("06-task-meeting")
    anna.completes()
    anna.looks("07-after-completing")
    company.wait("P2BD")
    anna.opens_task("Провести встречу")
    anna.chooses("Как прошла встреча?", "Состоялась")
    anna.completes()


def writes_the_protocol(anna: Person, company: Company) -> None:
    anna.opens_task("Составить протокол")
    anna.page.get_by_text("Почему этот срок?").click()
    anna.looks("08-task-protocol-why")
    anna.fills("Потребности", "Научить менеджеров вести сложные переговоры")
    anna.fills("Решения", "Готовим предложение на четыре группы")
    anna.completes()
    anna.looks("09-inbox-send")
    anna.opens_task("Проверить и отправить")
    anna.looks("10-task-send")
    anna.sends_document()
    anna.opens_task("Получить подтверждение протокола")
    anna.chooses("Ответ клиента", "Подтвердил или не возразил в срок")
    anna.completes()


def makes_the_proposal(anna: Person, company: Company) -> None:
    anna.opens_task("Подготовить предложение")
    anna.fills("Количество", "4")
    anna.fills("Что предлагаем", "Четыре тренинга и опрос участников")
    anna.looks("11-task-proposal")
    anna.completes()
    anna.sends_document()
    company.wait("P2BD")  # the client reads; till then the drawing has the task put off
    anna.opens_task("Защитить предложение")
    anna.looks("12-task-defend")
    anna.chooses("Решение клиента", "Согласен")
    anna.completes()


def proposes_the_contract(anna: Person) -> None:
    anna.opens_task("Подготовить условия договора")
    anna.fills("Дата и время мероприятия", "2026-12-15T10:00")
    anna.fills("Место", "Санкт-Петербург, офис заказчика")
    anna.looks("13-task-contract")
    anna.completes()


def approves(one: Person) -> None:
    one.goes_to("/approvals")
    one.looks(f"14-approvals-{one.login}")
    one.page.get_by_role("link", name=CONTRACT).first.click()
    one.chooses("Решение", "Согласовано")
    one.completes()


def approves_with_the_paper_before_his_eyes(director: Person) -> None:
    director.goes_to("/approvals")
    director.page.get_by_role("link", name=CONTRACT).first.click()
    paper = director.page.locator("iframe.paper")
    expect(paper).to_be_visible()
    address = paper.get_attribute("src") or ""
    answer = director.context.request.get(address)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF")
    expect(director.page.locator(".area-paper")).to_contain_text(CONTRACT)
    director.chooses("Решение", "Согласовано")
    director.looks("15-approval-director")
    director.completes()
    director.looks("16-approvals-empty")


def gets_the_contract_signed(anna: Person, company: Company) -> None:
    anna.sends_document()
    company.wait("P3BD")
    anna.opens_task("Получить подписанный договор")
    anna.chooses("Что ответил клиент?", "Подписал")
    anna.looks("17-task-sign")
    anna.completes()


def money_comes_in(anna: Person, accountant: Person) -> None:
    anna.sends_document()
    accountant.goes_to("/tasks?tab=groups")
    accountant.looks("18-inbox-accountant")
    accountant.opens_task("Отметить поступление оплаты", "groups")
    accountant.fills("Поступило", "658 800,00")
    accountant.fills("Платёжное поручение №", "101")
    accountant.looks("19-task-payment")
    accountant.completes()


def carries_out(anna: Person, lead: Person, quality: Person, company: Company) -> None:
    lead.opens_task("Принять проект в работу", "groups")
    lead.chooses("Принимаете проект?", "Да, принимаем")
    lead.looks("20-task-handover")
    lead.completes()
    quality.opens_task("Выполнить задачу по проекту", "groups")
    quality.fills("Что сделано", "Клиент знает, кому звонить")
    quality.completes()
    anna.opens_task("Подтвердить начало поддержки")
    anna.chooses("Поддержка клиента началась?", "Да, клиент знает, к кому обращаться")
    anna.looks("20a-task-support")
    anna.completes()
    lead.opens_task("Составить план подготовки", "groups")
    lead.page.get_by_role("button", name="Добавить строку").click()
    lead.fills("Что сделать", "Подготовить рабочие тетради")
    lead.fills("Срок", "2026-12-10")
    lead.looks("21-task-plan")
    lead.completes()
    lead.opens_task("Выполнить шаг", "groups")
    lead.fills("Результат", "Тетради напечатаны, 60 штук")
    lead.looks("22-task-step")
    lead.completes()
    company.until(EVENT)
    company.wait("PT7BH")
    lead.opens_task("Провести мероприятие", "groups")
    lead.chooses("Итог мероприятия", "Проведено")
    lead.fills("Что получилось", "Обучены 58 человек")
    lead.completes()


def closes(anna: Person, company: Company) -> None:
    anna.sends_document()
    anna.opens_task("Получить подписанный акт")
    anna.chooses("Ответ клиента", "Акт подписан")
    anna.completes()
    company.wait("P1BD")
    the_client_answers_by_his_link(anna, company)
    anna.opens_task("Попросить рекомендацию")
    anna.chooses("Готов рекомендовать?", "Да")
    anna.completes()
    anna.opens_task("Договориться о следующем контакте")
    anna.looks("24-task-next-contact")
    anna.completes()


def the_client_answers_by_his_link(somebody: Person, company: Company) -> None:
    """The address from the letter, opened in whatever browser."""
    letters = sorted((company.config.var / "mails").glob("*.eml"), key=lambda one: one.stat().st_mtime_ns)
    mails = [message_from_bytes(one.read_bytes(), policy=default) for one in letters]
    bodies = [part.get_content() for mail in mails if (part := mail.get_body(("plain",))) is not None]
    page = somebody.page
    page.goto([link for body in bodies for link in re.findall(r"(/survey/[\w-]+)", body)][-1])
    for question in page.locator(".marks").all():
        question.locator("input[value='5']").check(force=True)
    somebody.looks("23-survey")
    page.locator(".public-send").click()
    expect(page.locator("h1")).to_have_text("Спасибо!")
    company.work()


def the_deal_page_tells_it_all(anna: Person) -> None:
    page = anna.goes_to("/deals?status=won")
    page.get_by_role("link", name=DEAL).click()
    anna.looks("25-deal-won", fresh=True)
    expect(page.locator("main")).to_contain_text("выиграна")
    expect(page.locator(f"{STAGES} .stage-done")).to_have_count(6)
    papers = part(anna, "documents-head")
    for kind, number, state in PAPERS:
        row = papers.get_by_role("row").filter(has_text=re.compile(rf"{kind}.*№ {number}", re.DOTALL))
        expect(row).to_have_count(1)
        expect(row).to_contain_text(state)
        expect(row.get_by_role("link", name="PDF")).to_be_visible()
    points = part(anna, "points-head")
    expect(points.get_by_role("row").filter(has_text="выполнена")).to_have_count(21)
    expect(points.get_by_text("пропущена")).to_have_count(0)
    expect(points.locator(".due-late")).to_have_count(0)
    expect(part(anna, "pay-head")).to_contain_text("оплачено")
    expect(page.locator("main aside").last).to_contain_text("16 февраля 2027")  # the next contact, two months later
    expect(part(anna, "tasks-head")).to_contain_text("Связаться с клиентом")


def the_log_is_whole_and_the_replay_reaches_the_end(anna: Person, company: Company) -> None:
    page = anna.page
    page.get_by_role("link", name="Повтор на схеме").first.click()
    page.wait_for_selector("[data-replay][data-ready=yes]")
    anna.looks("26-replay")
    slider, caption = page.get_by_label("Момент"), page.locator("#replay-caption")
    expect(caption).to_contain_text("Сделка выиграна")
    expect(page.locator("g.djs-element[data-element-id=End_Won].is-done")).to_be_visible()
    slider.focus()
    page.keyboard.press("Home")
    expect(caption).to_contain_text("16 нояб. 2026")
    expect(page.locator(".step-ahead")).not_to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator(".step-ahead")).to_have_count(0)
    page.get_by_label("Схема", exact=True).select_option(label=INNER)
    expect(page.locator("g.djs-element[data-element-id=Approve].is-done")).to_be_visible()
    anna.looks("27-replay-inside")
    page.get_by_role("link", name=DEAL).click()
    anna.looks("28-instance")
    page.get_by_role("link", name="Журнал").click()
    expect(page.locator("main")).to_contain_text("Журнал цел")
    anna.looks("29-log")
    assert company.log_holds()


def part(one: Person, head: str) -> Locator:
    """The section of a page under this heading."""
    return one.page.locator(f"section[aria-labelledby={head}]")


def stage_is(one: Person, name: str) -> None:
    one.goes_to("/deals")
    one.page.get_by_role("link", name=DEAL).click()
    one.looks("13-deal")
    expect(one.page.locator(STAGES).locator("[aria-current=step]")).to_contain_text(name)
