"""edgewise build: node, model and settings become the file system of a board."""

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
        str, typer.Option(help="Machine code: xtensawin (ESP32, S2, S3), rv32imc (C3, C6) or x64")
    ] = "xtensawin",
    json: JsonFlag = False,
) -> None:
    """Write build/fs/ and build/fs.img, a LittleFS image for the board's flash.

    Both hold the secrets: keep them to yourself.
    """
    from edgewise import settings
    from edgewise.board.filesystem import build as make

    built = make(model, config, out, arch)
    for doubt in settings.doubts(settings.load(config)):
        say(f"{config}: {doubt}")
    files, image = built.manifest["files"], built.manifest["image"]
    say(f"{built.fs}: {len(files)} files, of these {built.mpy_bytes} bytes compiled for {arch}")
    say(f"{built.image}: {image['size']} bytes for the flash at {image['offset']:#x}")
    if json:
        emit_json(
            {
                "out": str(out),
                "arch": arch,
                "files": len(files),
                "mpy_bytes": built.mpy_bytes,
                "image": image,
            }
        )
