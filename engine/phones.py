"""Phones and mail as they are compared and shown: however somebody typed them."""

from __future__ import annotations

import re

import phonenumbers

REGION = "RU"
SHORTEST = 5
MAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def key(phone: str | None) -> str | None:
    """A phone for comparing: +78125551001 for «8 (812) 555-10-01», «+7 812 555 10 01». None where there is none.

    A number the plan of its country does not know is compared by its bare digits; fewer than five are no phone.
    """
    if not phone or not phone.strip():
        return None
    try:
        found = phonenumbers.parse(phone, REGION)
    except phonenumbers.NumberParseException:
        return _bare(phone)
    if not phonenumbers.is_possible_number(found):
        return _bare(phone)
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def mail_key(mail: str | None) -> str | None:
    """A mail address for comparing: without the case of its letters."""
    return (mail or "").strip().casefold() or None


def is_phone(phone: str) -> bool:
    """Whether somebody may be reached by it: five digits at least, and no letters but those of an extension."""
    return key(phone) is not None


def is_mail(mail: str) -> bool:
    """Whether it looks like a mail address at all."""
    return MAIL.fullmatch(mail.strip()) is not None


def _bare(phone: str) -> str | None:
    digits = "".join(sign for sign in phone if sign.isascii() and sign.isdigit())
    return digits if len(digits) >= SHORTEST else None
