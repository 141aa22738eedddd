# micropython from_rom.py ALL REST ROM FEED SPEED PERIOD_MS; ROM is a ROMFS, ALL and REST are
# LittleFS. Prints as JSON the files of ROM and the heap that the node's file takes from there and
# from ALL. Then runs main.py from REST in the simulated world, with ROM mounted as a board does.
import gc
import json
import os
import sys

import vfs
from from_image import ROOT, digests, flash, run
from torn_flash import mount


def heap_of(name):
    gc.collect()
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    used = gc.mem_alloc() - before
    del sys.modules[name]
    gc.collect()
    return used


whole, rest, rom, *feed = sys.argv[1:]
tools = [p for p in sys.path if not p.startswith(ROOT)]
with open(rom, "rb") as f:
    vfs.mount(vfs.VfsRom(f.read()), "/rom")
files = digests("/rom")
(node,) = [name[:-4] for name in files if name.startswith("node_")]
mount(flash(whole), ROOT)
on_flash = [ROOT, ROOT + "/lib"]
sys.path[:] = tools + on_flash
__import__("umqtt.simple")  # its heap is the same for both
sys.path[:] = tools + ["/rom", "/rom/lib"]
heap_of(node)  # it keeps its names for ever
heap = {"rom": heap_of(node)}
sys.path[:] = tools + on_flash
heap["flash"] = heap_of(node)
print(json.dumps({"files": files, "heap": heap}))
os.umount(ROOT)
mount(flash(rest), ROOT)
# as on an ESP32: current folder, firmware, ROMFS, LittleFS
sys.path[:] = [""] + tools + ["/rom", "/rom/lib", on_flash[1]]
try:
    run(*feed)
finally:
    print(node, sys.modules[node].__file__)
