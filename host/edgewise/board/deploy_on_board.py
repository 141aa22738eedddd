"""Runs on the board, through its raw REPL: files hashed, written beside the old ones, renamed."""

# mypy: ignore-errors
import binascii
import hashlib
import os

# the one before stays as .old, as the node itself does it
KEPT = ("config.json", "model.bin", "model.mpy")


def digest(path):
    # -> hex, "" where there is no such file
    found = hashlib.sha256()
    try:
        with open(path, "rb") as f:
            while True:
                part = f.read(512)
                if not part:
                    return binascii.hexlify(found.digest()).decode()
                found.update(part)
    except OSError:
        return ""


def begin(path):
    global out
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass  # it is there
        at = path.find("/", at + 1)
    out = open(path + ".tmp", "wb")


def write(text):
    out.write(binascii.a2b_base64(text))


def end(path, sha256):
    # -> whether what arrived is what was sent
    out.close()
    if digest(path + ".tmp") != sha256:
        return False
    if hasattr(os, "sync"):
        os.sync()
    if path.lstrip("/") in KEPT:
        try:
            os.rename(path, path + ".old")
        except OSError:
            pass  # there is none yet
    os.rename(path + ".tmp", path)
    return True


def whole(path):
    # whether the node itself wrote it: settings sealed with their CRC, or a model
    config = path == "/config.json"
    try:
        left = os.stat(path)[6] - (20 if config else 4)
        crc = 0
        with open(path, "rb") as f:
            while left > 0:
                part = f.read(min(left, 512))
                left -= len(part)
                crc = binascii.crc32(part, crc)
            end = f.read()
    except OSError:
        return False
    if config:
        return end == b',"crc32":"%08x"}' % binascii.crc32(b"}", crc)
    return end == (crc & 0xFFFFFFFF).to_bytes(4, "little")


def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass
