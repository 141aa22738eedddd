"""mpy-cross: the right ABI, native code for each machine, one line on failure."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError
from edgewise.toolchain import mpycross


def test_compiled_code_has_abi_6_3_and_runs(
    tmp_path: Path, micropython_command: list[str]
) -> None:
    assert "mpy v6.3" in mpycross.version()
    source = tmp_path / "answer.py"
    source.write_text("print(6 * 7)\n", encoding="utf-8")
    out = tmp_path / "board" / "answer.mpy"
    out.parent.mkdir()
    mpycross.compile(source, out)
    result = subprocess.run(
        [*micropython_command, "-c", "import answer"],
        env={**os.environ, "MICROPYPATH": str(out.parent)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert result.stdout == "42\n", result.stderr


@pytest.mark.parametrize("march", ["xtensawin", "rv32imc", "x64"])
def test_viper_compiles_for_each_machine(march: str, tmp_path: Path) -> None:
    source = tmp_path / "v.py"
    code = "@micropython.viper\ndef f(x: int) -> int:\n    return x + 1\n"
    source.write_text(code, encoding="utf-8")
    mpycross.compile(source, tmp_path / "v.mpy", march)
    assert (tmp_path / "v.mpy").read_bytes()[:2] == b"M\x06"


@pytest.mark.parametrize(("code", "march"), [("def (:\n", None), ("pass\n", "z80")])
def test_what_does_not_compile_is_one_line(code: str, march: str | None, tmp_path: Path) -> None:
    source = tmp_path / "bad.py"
    source.write_text(code, encoding="utf-8")
    with pytest.raises(EdgewiseError, match=r"mpy-cross: .*bad\.py") as e:
        mpycross.compile(source, tmp_path / "bad.mpy", march)
    assert "\n" not in str(e.value)
    assert not (tmp_path / "bad.mpy").exists()
