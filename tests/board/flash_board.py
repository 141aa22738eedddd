"""A board of a kind: MicroPython's unix port on LittleFS, in a flash that is counted."""

from __future__ import annotations

from pathlib import Path

from edgewise.bench import places


class FlashBoard(places.UnixPort):
    """The unix port on LittleFS in a flash that is counted, as a board has it."""

    def put(self, files: dict[str, bytes]) -> None:
        device = b"bdev = flash\n"  # the firmware's
        folders = {name.partition("/")[0] for name in files if "/" in name}
        extra = {f"{folder}/lib/flashbdev.py": device for folder in folders}
        super().put({**files, **extra, "flashbdev.py": device})

    def machine(self) -> str:
        return "x64"

    def run(self, code: str, heap_kb: int = 1024) -> str:
        return super().run(f"import sys; sys.path.append({str(NODE)!r})\n{FLASH}{code}", 8192)


NODE = Path(places.__file__).parent / "node"
FLASH = """
import builtins, os
from bench_device import Flash

def copy(source, to):
    for name, kind, *_ in os.ilistdir(source):
        if kind & 0x4000:
            os.mkdir(to + name)
            copy(source + name + "/", to + name + "/")
        else:
            with open(source + name, "rb") as f, open(to + name, "wb") as g:
                g.write(f.read())

device = builtins.flash = Flash()
os.VfsLfs2.mkfs(device)
os.mount(os.VfsLfs2(device), "/flash")
os.mkdir("/flash/bench")
copy(os.getcwd() + "/", "/flash/bench/")
os.umount("/flash")
os.mount(os.VfsLfs2(device), "/")
os.chdir("/bench")
"""
