"""Bytes of a file as text: UTF-8, UTF-16 with its mark, else what Windows writes in the West."""

from __future__ import annotations

import codecs

from edgewise.errors import InputError

__all__ = ["decode"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = "cp1252"  # Latin-1 with the letters that Windows adds


def decode(path: str, data: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text and the name of its encoding. Raises InputError with the line."""
    name = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if name is None:
        _refuse_binary(path, data)
        name = "utf-8"
        try:
            data.decode(name)
        except UnicodeDecodeError:
            name = _WESTERN
    try:
        text = data.decode(name)
    except LookupError as exc:
        raise InputError(
            f"--encoding {name}: not known: use utf-8, utf-16, latin-1, cp1252 ..."
        ) from exc
    except UnicodeError as exc:
        at = getattr(exc, "start", 0)
        line = data.count(b"\n", 0, at) + 1
        raise InputError(
            f"{path}:{line}: not {name} text: name its encoding with --encoding"
        ) from exc
    return text.removeprefix("\ufeff"), name.removesuffix("-sig")


def _refuse_binary(path: str, data: bytes) -> None:
    if (offset := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, offset) + 1
        raise InputError(
            f"{path}:{line}: binary data: name a text file, .xlsx, .parquet or a SQLite file, or "
            "the encoding of a text with --encoding"
        )
