"""Payment QR code by GOST R 56042-2014: a bank's app reads the requisites of a payment from paper.

Made for individuals' payments; banks' business apps may read it too. It stands beside the requisites in print, never
instead of them.
"""
from __future__ import annotations

import io
import re
from collections.abc import Mapping
from decimal import Decimal

import segno

from engine.documents.money import kopecks
from engine.errors import Invalid

REQUIRED = ("Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc")
LONGEST = {"Name": 160, "PersonalAcc": 20, "BankName": 45, "BIC": 9, "CorrespAcc": 20, "Sum": 18, "Purpose": 210,
           "PayeeINN": 12, "PayerINN": 12, "KPP": 9, "CBC": 20, "OKTMO": 11, "DocNo": 15, "DocDate": 10}
SEPARATORS = "|#;:^_~{}"
REQUIRED_BYTES = 300
UTF8, CP1251 = "ST00012", "ST00011"


def payload(
    payee: Mapping[str, str], total: Decimal, purpose: str, extra: Mapping[str, str] | None = None
) -> str:
    """The text of the code: ``ST00012|Name=…|PersonalAcc=…|…|Sum=kopecks|Purpose=…``.

    ``payee``: name, account, bank, bik, corr_account, inn, kpp. UTF-8 unless the required block would pass 300 bytes:
    then Windows-1251 (``ST00011``), where a Cyrillic letter takes one byte. Raises Invalid if a requisite is missing
    or does not fit even so.
    """
    values = {
        "Name": _fit("Name", payee.get("name", "")),
        "PersonalAcc": payee.get("account", ""),
        "BankName": _fit("BankName", payee.get("bank", "")),
        "BIC": payee.get("bik", ""),
        "CorrespAcc": payee.get("corr_account") or "0",
        "Sum": str(int(kopecks(total) * 100)),
        "Purpose": _fit("Purpose", purpose),
        "PayeeINN": payee.get("inn", ""),
        "KPP": payee.get("kpp", ""),
        **dict(extra or {}),
    }
    values = {key: " ".join(value.split()) for key, value in values.items() if value}
    _check(values)
    separator = _separator(values)
    block = separator + separator.join(f"{key}={values[key]}" for key in REQUIRED)
    rest = "".join(f"{separator}{key}={value}" for key, value in values.items() if key not in REQUIRED)
    if len((UTF8 + block).encode()) <= REQUIRED_BYTES:
        return UTF8 + block + rest
    narrow = (CP1251 + block + rest).encode("cp1251", "replace").decode("cp1251")
    if len((CP1251 + block).encode("cp1251", "replace")) > REQUIRED_BYTES:
        raise Invalid("The requisites are too long for a payment QR code: shorten the name of the payee or the bank.")
    return narrow


def png(text: str, scale: int = 8) -> bytes:
    """The picture of a payload. The encoding is the one its first seven signs declare, never guessed: left alone,
    segno would silently write Shift_JIS for texts whose letters all exist in it."""
    content: str | bytes = text
    if text.startswith(CP1251):
        code = segno.make(text.encode("cp1251"), mode="byte", micro=False, error="M")
    else:
        code = segno.make(content, encoding="utf-8", mode="byte", micro=False, error="M")
    out = io.BytesIO()
    code.save(out, kind="png", scale=scale, border=2)
    return out.getvalue()


def _fit(key: str, value: str) -> str:
    """Cut at a word's end: a bank refuses a longer value."""
    value, longest = " ".join(value.split()), LONGEST[key]
    return value if len(value) <= longest else value[: longest + 1].rsplit(" ", 1)[0][:longest]


def _check(values: Mapping[str, str]) -> None:
    for key in REQUIRED:
        if not values.get(key):
            raise Invalid("The payment QR code needs {key}.", key=key)
    for key, value in values.items():
        if len(value) > LONGEST.get(key, 210):
            raise Invalid("{key} is too long for a payment QR code: {value}.", key=key, value=value)
    if not re.fullmatch(r"[0-9]{5}[0-9ABCEHKMPTX][0-9]{14}", values["PersonalAcc"]):
        raise Invalid("The account {account} must have 20 digits.", account=values["PersonalAcc"])


def _separator(values: Mapping[str, str]) -> str:
    """The first sign that occurs in no value; ``|`` unless a value has it (5.2.1)."""
    text = "".join(values.values())
    for sign in SEPARATORS:
        if sign not in text:
            return sign
    raise Invalid("The requisites use every separator of a payment QR code.")
