# micropython from_image.py IMAGE [FEED SPEED PERIOD_MS]: a flash of 2 MB with the image at its
# start and old bytes behind it, mounted as the board does. With a feed: main.py from it, in the
# simulated world; otherwise every file and what the file system says of itself, as JSON.
import os
import sys

from torn_flash import BLOCK, Flash, mount

ROOT = "/f"


def flash(path):
    board = Flash(0)
    board.data = bytearray(b"\x5a" * (512 * BLOCK))
    with open(path, "rb") as f:
        f.readinto(board.data)
    return board


def digests(root):
    # -> SHA-256 of each file below root
    from binascii import hexlify
    from hashlib import sha256

    found = {}

    def walk(folder):
        for name, kind, *_ in list(os.ilistdir(root + "/" + folder)):
            path = folder + name
            if kind == 0x4000:
                walk(path + "/")
                continue
            with open(root + "/" + path, "rb") as f:
                found[path] = hexlify(sha256(f.read()).digest()).decode()

    walk("")
    return found


def look():
    import json

    files = digests(ROOT)
    stat = os.statvfs(ROOT)
    # as much as the node may ever write beside its files
    for n in range(8):
        with open(ROOT + "/big%d" % n, "wb") as f:
            for _ in range(40):
                f.write(bytes([n]) * BLOCK)
    for n in range(8):
        with open(ROOT + "/big%d" % n, "rb") as f:
            for _ in range(40):
                if f.read(BLOCK) != bytes([n]) * BLOCK:
                    raise ValueError("written and not read back")
    print(json.dumps({"files": files, "block": stat[0], "blocks": stat[2], "name_max": stat[9]}))


def run(feed, speed, period_ms):
    from edgewise_sim import world

    world.load(feed, float(speed), int(period_ms))
    os.chdir(ROOT)
    import main  # noqa: F401 - runs the node


if __name__ == "__main__":
    mount(flash(sys.argv[1]), ROOT)
    run(*sys.argv[2:]) if sys.argv[2:] else look()
