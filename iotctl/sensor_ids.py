"""What a sensor is known by: a text of any kind, and the UUID that is derived from it where it is none."""

from __future__ import annotations

from unicodedata import normalize
from uuid import UUID, uuid5

# Texts become UUIDs under it: the same one in every file, on every machine.
_NAMESPACE = UUID("5ef0a7a4-6a9c-5c0a-9d2c-0f6f6c1d2b11")


def normal_name(text: str) -> str:
    """A name as it is kept and compared: without blanks around it, its accents in one form (NFC)."""
    return normalize("NFC", text).strip(" \t")


def derived_uuid(name: str) -> UUID:
    """The UUID of a sensor that files call by a text; name: as normal_name gives it."""
    return uuid5(_NAMESPACE, name)
