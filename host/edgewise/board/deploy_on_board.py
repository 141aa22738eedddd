"""Runs on the board through its raw REPL: hash files, write new ones beside the old, rename."""

# mypy: ignore-errors
import binascii
import hashlib
import json
import os

# the previous file stays as .old, as when the node itself replaces it
KEEP_OLD = ("config.json", "model.bin", "model.mpy")


def digest(path):
    # -> SHA-256 in hex, "" if there is no such file
    sha256 = hashlib.sha256()
    try:
        with open(path, "rb") as f:
            while True:
                part = f.read(512)
                if not part:
                    return binascii.hexlify(sha256.digest()).decode()
                sha256.update(part)
    except OSError:
        return ""


def node_name():
    # -> the name in its settings, "" if it has none
    try:
        with open("/config.json") as f:
            name = json.load(f)["node"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def begin(path, suffix=".tmp"):
    global out
    slash = path.find("/", 1)
    while slash > 0:
        try:
            os.mkdir(path[:slash])
        except OSError:
            pass  # it exists already
        slash = path.find("/", slash + 1)
    out = open(path + suffix, "wb")


def write(text):
    out.write(binascii.a2b_base64(text))


def end(path, sha256):
    # -> whether the file arrived as it was sent
    out.close()
    if digest(path + ".tmp") != sha256:
        return False
    if hasattr(os, "sync"):
        os.sync()
    if path.lstrip("/") in KEEP_OLD:
        try:
            os.rename(path, path + ".old")
        except OSError:
            pass  # there is no previous file
    os.rename(path + ".tmp", path)
    return True


def is_by_node(path):
    # -> whether the node itself wrote it: settings or a model with a valid CRC at the end
    config = path == "/config.json"
    try:
        remaining = os.stat(path)[6] - (20 if config else 4)
        crc = 0
        with open(path, "rb") as f:
            while remaining > 0:
                part = f.read(min(remaining, 512))
                remaining -= len(part)
                crc = binascii.crc32(part, crc)
            seal = f.read()
    except OSError:
        return False
    if config:
        return seal == b',"crc32":"%08x"}' % binascii.crc32(b"}", crc)
    return seal == (crc & 0xFFFFFFFF).to_bytes(4, "little")


def remove(path):
    # a file, and folders that are empty then
    slash = len(path)
    try:
        os.remove(path)
        while slash > 0:
            slash = path.rfind("/", 0, slash)
            os.rmdir(path[:slash])
    except OSError:
        pass  # it is gone already, or the folder holds more


def remove_folder(path):
    for name in os.listdir(path):
        inner = path + "/" + name
        if os.stat(inner)[0] & 0x4000:
            remove_folder(inner)
        else:
            os.remove(inner)
    os.rmdir(path)


def reset_counters(limit_ms):
    # -> whether a counter of updates or orders was above the limit; it starts again at 0
    found = False
    for path in ("/update", "/orders"):
        try:
            with open(path) as f:
                note = json.load(f)
            is_update = isinstance(note, dict)
            if (note["counter"] if is_update else note) <= limit_ms:
                continue
        except (KeyError, OSError, TypeError, ValueError):
            continue
        found = True
        if is_update:
            note["counter"] = 0
        with open(path + ".tmp", "w") as f:
            f.write(json.dumps(note if is_update else 0))
        os.rename(path + ".tmp", path)
    return found


def shorten_root():
    # Every search in the root reads what was changed there before: LittleFS copies the root
    # without that, into the other of its blocks 0 and 1, when one of them is full.
    try:
        from esp32 import Partition

        blocks = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
    except (ImportError, IndexError):
        return

    def revisions():
        numbers = bytearray(8)
        for n in (0, 1):
            blocks.readblocks(n, memoryview(numbers)[4 * n : 4 * n + 4], 0)
        return numbers

    before = revisions()
    for _ in range(100):  # fewer than forty fill a block
        open("/scratch", "w").close()
        os.remove("/scratch")
        if revisions() != before:
            return
