"""``edgewise build``: make the file system of a board from node, model and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, say

EXAMPLES = (
    "edgewise build --model models/mine --config node.toml",
    "edgewise build --model models/mine --config nodes/kitchen.toml --out build/kitchen",
    "edgewise build --model models/mine --config node.toml --arch rv32imc",
)


def build(
    model: Annotated[Path, typer.Option(help="Model package")],
    config: Annotated[Path, typer.Option(help="Settings of the node")] = Path("node.toml"),
    out: Annotated[
        Path, typer.Option(help="Folder to write fs/, fs.img and manifest.json to")
    ] = Path("build"),
    arch: Annotated[
        str | None,
        typer.Option(
            help="Machine code: xtensawin (ESP32, S2, S3), rv32imc (C3, C6) or x64 [that of chip "
            "in the settings]"
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Write build/fs/ and build/fs.img, a LittleFS image for the board's flash.

    Both hold the secrets: keep them to yourself.
    """
    from edgewise.board.filesystem import build as build_files
    from edgewise.cli import outputs

    outputs.check_folder(out)
    result = build_files(model, config, out, arch)
    for warning in result.doubts:
        say(f"{config}: {warning}")
    files, image = result.manifest["files"], result.manifest["image"]
    arch = result.manifest["arch"]
    say(f"{result.fs}: {len(files)} files, of these {result.mpy_bytes} bytes compiled for {arch}")
    say(f"{result.image}: {image['size']} bytes for the flash at {image['offset']:#x}")
    if json:
        emit_json(
            {
                "out": str(out),
                "arch": arch,
                "files": len(files),
                "mpy_bytes": result.mpy_bytes,
                "image": image,
            }
        )
