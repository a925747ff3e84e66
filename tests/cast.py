"""The cast: people who appear in all tests, known by their logins."""
from __future__ import annotations

from engine.access import actor_of
from engine.environment import Environment
from engine.models import Group, Membership, User
from engine.work import SYSTEM, Actor, unit_of_work

GROUPS = {
    "manager": ("Менеджеры по продажам", "Sales managers"),
    "operator": ("Операторы", "Operators"),
    "head": ("Руководители отдела продаж", "Heads of sales"),
    "director": ("Директор", "Director"),
    "lawyer": ("Юристы", "Lawyers"),
    "accountant": ("Бухгалтерия", "Accounting"),
    "delivery": ("Руководители проектов", "Project leads"),
    "quality": ("Служба качества", "Quality"),
    "marketer": ("Маркетологи", "Marketing"),
    "product_head": ("Руководители направлений", "Heads of products"),
    "admin": ("Методологи", "Process designers"),
    "auditor": ("Аудиторы", "Auditors"),
}
PEOPLE = {  # login: (last, first, middle, gender, position, groups)
    "anna": ("Иванова", "Анна", "Сергеевна", "f", "менеджер", ["manager"]),
    "boris": ("Петров", "Борис", "Ильич", "m", "менеджер", ["manager"]),
    "elena": ("Орлова", "Елена", "Викторовна", "f", "руководитель отдела продаж", ["head", "manager"]),
    "dmitry": ("Волков", "Дмитрий", "Олегович", "m", "директор", ["director"]),
    "lidia": ("Юрьева", "Лидия", "Павловна", "f", "юрист", ["lawyer"]),
    "vera": ("Смирнова", "Вера", "Андреевна", "f", "бухгалтер", ["accountant"]),
    "pavel": ("Соколов", "Павел", "Игоревич", "m", "руководитель проекта", ["delivery"]),
    "oleg": ("Новиков", "Олег", "Денисович", "m", "оператор", ["operator"]),
    "quentin": ("Кузнецов", "Константин", "Львович", "m", "служба качества", ["quality"]),
    "gleb": ("Громов", "Глеб", "Станиславович", "m", "маркетолог", ["marketer"]),
    "nina": ("Никитина", "Нина", "Васильевна", "f", "руководитель направления", ["product_head"]),
    "maria": ("Методова", "Мария", "Романовна", "f", "методолог", ["admin"]),
    "artem": ("Проверин", "Артём", "Фёдорович", "m", "аудитор", ["auditor"]),
}


def fill(env: Environment) -> None:
    """Put the cast into an empty database."""
    with unit_of_work(env, SYSTEM) as work:
        work.session.add_all(Group(key=key, title=title, title_en=en) for key, (title, en) in GROUPS.items())
        work.session.flush()
        for login, (last, first, middle, gender, position, groups) in PEOPLE.items():
            work.session.add(
                User(
                    login=login, last=last, first=first, middle=middle, gender=gender, position=position,
                    email=f"{login}@example.test", password_hash="",
                    memberships=[Membership(group_key=key) for key in groups],
                )
            )


def actor(env: Environment, login: str) -> Actor:
    """The person as an actor; ``system`` is the engine itself."""
    if login == "system":
        return SYSTEM
    with env.sessions() as session:
        return actor_of(session.query(User).filter_by(login=login).one())
