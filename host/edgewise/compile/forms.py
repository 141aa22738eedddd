"""The two forms of one model: a table that is walked, or code with all trees inline."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import EdgewiseError, InputError
from edgewise.package import inline
from edgewise.package.forest import Forest
from edgewise.package.form import Form
from edgewise.toolchain import mpycross

__all__ = ["INLINE_MAX_BYTES", "MACHINES", "Inline", "build_inline", "choose"]

# An ESP32 has 130 KB for native code after boot. A model of 39 KB failed once all other code was
# loaded. With 16 KB for the model there is room for the code of the node and for a second model.
INLINE_MAX_BYTES = 16 * 1024
# model.mpy is for the ESP32 and ESP32-S3; the name of any other file has the machine in it.
MACHINES = {"model.mpy": "xtensawin", "model-rv32imc.mpy": "rv32imc"}


@dataclass(frozen=True)
class Inline:
    """``source``: model.py; ``mpy``: file name -> model.py compiled for one machine."""

    source: str
    mpy: dict[str, bytes]

    @property
    def files(self) -> dict[str, bytes]:
        """The source and the compiled files by name."""
        return {"model.py": self.source.encode(), **self.mpy}

    @property
    def bytes(self) -> int:
        """The size on an ESP32, which decides the form."""
        return len(self.mpy["model.mpy"])


def build_inline(forest: Forest) -> Inline | None:
    """Return the inline form; None where the forest is too large for the compiler."""
    source = inline.source(forest)
    with tempfile.TemporaryDirectory(prefix="edgewise-mpy-") as name:
        text = Path(name) / "model.py"
        text.write_text(source)
        try:
            for file, machine in MACHINES.items():
                mpycross.compile(text, Path(name) / file, machine)
        except EdgewiseError as e:
            if isinstance(e, InputError):
                raise
            return None
        return Inline(source, {file: (Path(name) / file).read_bytes() for file in MACHINES})


def choose(form: Form, inline_form: Inline | None) -> Form:
    """Return the form to use: ``form`` itself; for auto, inline if that is small enough."""
    if form is Form.auto:
        is_small = inline_form is not None and inline_form.bytes <= INLINE_MAX_BYTES
        return Form.inline if is_small else Form.table
    if form is Form.inline and inline_form is None:
        raise InputError("--form inline: this model is too large for it: take --form table")
    return form
