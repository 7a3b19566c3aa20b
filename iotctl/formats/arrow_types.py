"""Families of pyarrow types: several types have the same values."""

from __future__ import annotations

import pyarrow as pa


def is_text_type(kind: pa.DataType) -> bool:
    """Whether values of a type are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_bytes_type(kind: pa.DataType) -> bool:
    """Whether values of a type are bytes, which may be texts."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))
