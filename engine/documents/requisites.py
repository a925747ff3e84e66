"""Requisites of Russian companies, entrepreneurs and banks: what is wrong with them, in plain sentences.

Own check sums, because the common libraries accept zeros or refuse valid numbers (an OGRNIP whose remainder is 10 to
12 ends with the last digit of the remainder). Only ASCII digits count as digits.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stdnum import bic, iban

from engine.errors import Text, text

INN_10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
INN_11 = (7, *INN_10)
INN_12 = (3, *INN_11)
ACCOUNT = (7, 1, 3)
REQUISITES = (
    "kind", "name", "full_name", "named", "inn", "kpp", "ogrn", "address", "city", "phone", "email", "site", "bank",
    "bik", "account", "corr_account", "passport",
)
CURRENCY_LETTERS = "0123456789ABCEHKMPTX"


def _digits(value: str, *lengths: int) -> bool:
    return len(value) in lengths and re.fullmatch(r"[0-9]+", value) is not None


def _weighted(value: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(value, weights, strict=False)) % 11 % 10


def inn_valid(value: str) -> bool:
    """INN of a company (10 digits) or of a person (12)."""
    if not _digits(value, 10, 12) or set(value) == {"0"}:
        return False
    if len(value) == 10:
        return _weighted(value, INN_10) == int(value[9])
    return _weighted(value, INN_11) == int(value[10]) and _weighted(value, INN_12) == int(value[11])


def kpp_valid(value: str) -> bool:
    """KPP: four digits, two of [0-9A-Z], three digits; the tax office's code is never zero."""
    return re.fullmatch(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}", value) is not None and value[:4] != "0000"


def ogrn_valid(value: str) -> bool:
    """OGRN of a company (13 digits)."""
    return _digits(value, 13) and set(value) != {"0"} and int(value[:12]) % 11 % 10 == int(value[12])


def ogrnip_valid(value: str) -> bool:
    """OGRNIP of an entrepreneur (15 digits)."""
    return _digits(value, 15) and set(value) != {"0"} and int(value[:14]) % 13 % 10 == int(value[14])


def bik_valid(value: str) -> bool:
    """BIK: nine digits; 0 is the country's place (banks 04…, the treasury 01…)."""
    return _digits(value, 9) and value[0] == "0" and set(value) != {"0"}


def account_valid(account: str, bik: str, correspondent: bool = False) -> bool:
    """The key of an account in the bank with this BIK (Bank of Russia, 08.09.1997 No 515).

    The bank's number is the last three digits of the BIK for a client's account; "0" and digits 5-6 of the BIK for a
    correspondent account. A treasury account beginning with 0 has another key and is taken as it is.
    """
    if not _account_shaped(account) or not bik_valid(bik) or set(account) == {"0"}:
        return False
    if account[0] == "0":
        return True
    treasury = account.startswith("40102")  # single treasury account: stands in place of the correspondent account
    bank = "0" + bik[4:6] if correspondent or treasury else bik[-3:]
    figures = bank + _with_currency_digit(account)
    return sum(int(digit) * ACCOUNT[place % 3] % 10 for place, digit in enumerate(figures)) % 10 == 0


def _account_shaped(account: str) -> bool:
    return re.fullmatch(rf"[0-9]{{5}}[{CURRENCY_LETTERS}][0-9]{{14}}", account) is not None


def _with_currency_digit(account: str) -> str:
    letter = account[5]
    return account if letter.isdigit() else account[:5] + str("ABCEHKMPTX".index(letter)) + account[6:]


def faults(client: Mapping[str, Any]) -> list[Text]:
    """What stands in the way of a contract or an invoice: one sentence for each wrong or missing requisite.

    ``client``: kind (legal, ip, person, foreign), inn, kpp, ogrn; address, bank, bik, account, corr_account either
    beside them or under ``requisites``. A private person needs a name and an address only; a foreign company has the
    SWIFT code of its bank in place of the BIK and the number of its home register in place of the OGRN.
    """
    values = flat(client)
    kind = values.get("kind") or "legal"
    if kind == "person":
        found = [] if values.get("address") else [text("The address is not filled in.")]
        inn = values.get("inn", "")
        return found + ([text("The INN {inn} has a wrong check sum.", inn=inn)] if inn and not inn_valid(inn) else [])
    if kind == "foreign":
        found = [] if values.get("address") else [text("The address is not filled in.")]
        return [*found, *foreign_faults(values).values()]
    return [*_inn(values, kind), *_kpp(values, kind), *_ogrn(values, kind), *_bank(values)]


def foreign_faults(values: Mapping[str, str]) -> dict[str, Text]:
    """What is wrong with the numbers of a company from abroad, by field. An INN only if a Russian tax office gave it
    one; an account that looks like an IBAN must be a true one, others are as various as the countries."""
    inn, account, swift = (values.get(name, "") for name in ("inn", "account", "bik"))
    looks_iban = re.match(r"[A-Za-z]{2}[0-9]{2}", account) is not None
    wrong = {
        "inn": (bool(inn) and not inn_valid(inn), text("The INN {inn} has a wrong check sum.", inn=inn)),
        "account": (looks_iban and not iban.is_valid(account),
                    text("The account {account} is no true IBAN: check its digits.", account=account)),
        "bik": (bool(swift) and not bic.is_valid(swift),
                text("{swift} is no SWIFT code: it has 8 or 11 letters and digits.", swift=swift)),
    }  # fmt: skip
    return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}


def flat(client: Mapping[str, Any]) -> dict[str, str]:
    """The requisites as trimmed text, those under ``requisites`` beside the others. Only these are looked at: what else
    is known of a client may have to be counted first."""
    merged = dict(client.get("requisites") or {})
    merged |= {name: client[name] for name in REQUISITES if name in client and client[name] is not None}
    return {key: str(value).strip() for key, value in merged.items() if isinstance(value, (str, int)) and value != ""}


def _inn(values: Mapping[str, str], kind: str) -> list[Text]:
    inn = values.get("inn", "")
    length = 12 if kind == "ip" else 10
    if not inn:
        return [text("The INN is not filled in.")]
    if not _digits(inn, length):
        return [text("The INN {inn} must have {length} digits.", inn=inn, length=length)]
    return [] if inn_valid(inn) else [text("The INN {inn} has a wrong check sum.", inn=inn)]


def _kpp(values: Mapping[str, str], kind: str) -> list[Text]:
    kpp = values.get("kpp", "")
    if kind == "ip":
        return [text("An entrepreneur has no KPP, but {kpp} is filled in.", kpp=kpp)] if kpp else []
    if not kpp:
        return [text("The KPP is not filled in.")]
    return [] if kpp_valid(kpp) else [text("The KPP {kpp} is not of the form 4 digits, 2 signs, 3 digits.", kpp=kpp)]


def _ogrn(values: Mapping[str, str], kind: str) -> list[Text]:
    ogrn = values.get("ogrn", "")
    if kind == "ip":
        if not ogrn:
            return [text("The OGRNIP is not filled in.")]
        if not _digits(ogrn, 15):
            return [text("The OGRNIP {ogrn} must have 15 digits.", ogrn=ogrn)]
        return [] if ogrnip_valid(ogrn) else [text("The OGRNIP {ogrn} has a wrong check digit.", ogrn=ogrn)]
    if not ogrn:
        return [text("The OGRN is not filled in.")]
    if not _digits(ogrn, 13):
        return [text("The OGRN {ogrn} must have 13 digits.", ogrn=ogrn)]
    return [] if ogrn_valid(ogrn) else [text("The OGRN {ogrn} has a wrong check digit.", ogrn=ogrn)]


def _bank(values: Mapping[str, str]) -> list[Text]:
    found = []
    if not values.get("address"):
        found.append(text("The address is not filled in."))
    bik, account, corr = values.get("bik", ""), values.get("account", ""), values.get("corr_account", "")
    if not bik:
        found.append(text("The BIK is not filled in."))
    elif not bik_valid(bik):
        found.append(text("The BIK {bik} must be 9 digits and begin with 0.", bik=bik))
    if not account:
        found.append(text("The account is not filled in."))
    elif not _account_shaped(account):
        found.append(text("The account {account} must have 20 digits.", account=account))
    elif bik_valid(bik) and not account_valid(account, bik):
        found.append(text("The account {account} does not fit the BIK {bik}.", account=account, bik=bik))
    if corr and not _account_shaped(corr):
        found.append(text("The correspondent account {account} must have 20 digits.", account=corr))
    elif corr and bik_valid(bik) and not account_valid(corr, bik, correspondent=True):
        found.append(text("The correspondent account {account} does not fit the BIK {bik}.", account=corr, bik=bik))
    return found
