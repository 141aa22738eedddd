# A model over the air onto a flash that has no room: said, and the flash is as it was.
import json
import os
import struct
from hashlib import sha256

from test_update_cut import BLOBS, NODE, SECRET, container, deliver, offer
from torn_flash import Flash, mount

from edgenode.drivers import flash
from edgenode.link.update import Update

SPARE_BLOCKS = 4


def new_flash():
    device = Flash(64)
    os.VfsLfs2.mkfs(device)
    mount(device)
    os.chdir("/f")


def test_a_flash_that_is_full():
    new_flash()
    free = os.statvfs("/f")[3]
    with open("filled", "wb") as f:
        for _ in range(free - SPARE_BLOCKS):
            f.write(bytes(4096))
    data = container(BLOBS[0]) * 8
    update = Update(NODE, SECRET, flash)
    reply = json.loads(update.offer(offer("x", 1, data)))
    tag = sha256(data).digest()[:4]
    while reply.get("want") is not None:
        offset = reply["want"]
        reply = json.loads(
            update.chunk(tag + struct.pack("<I", offset) + data[offset : offset + 1024])
        )
    assert reply["ok"] is False and "the flash takes no more" in reply["error"], reply
    assert update.note["state"] == "idle"
    assert sorted(os.listdir("/f")) == ["filled", "update"], os.listdir("/f")
    os.remove("filled")
    assert deliver("y", 2, container(BLOBS[0]))


def test_the_last_piece_finds_no_room_for_the_note():
    os.umount("/f")
    new_flash()
    data = container(BLOBS[0])
    tag = sha256(data).digest()[:4]

    class Store:
        remove = flash.remove
        read = flash.read
        is_full = False

        def write(path, blob):
            if Store.is_full:
                raise OSError(28)
            flash.write(path, blob)

    update = Update(NODE, SECRET, Store)
    reply = json.loads(update.offer(offer("x", 1, data)))
    while reply.get("want") is not None:
        offset = reply["want"]
        Store.is_full = offset + 1024 >= len(data)
        reply = json.loads(
            update.chunk(tag + struct.pack("<I", offset) + data[offset : offset + 1024])
        )
    assert reply["ok"] is False and "the flash takes no more" in reply["error"], reply
    reply = json.loads(update.offer(offer("y", 2, data)))
    assert reply["ok"] is False and "the flash takes no more" in reply["error"], reply
    Store.is_full = False
    assert deliver("z", 3, data)
    # whoever missed the answer asks again
    assert json.loads(Update(NODE, SECRET, flash).offer(offer("z", 3, data)))["want"] is None
