"""Takes a new model over MQTT, piece by piece, onto flash; docs/ota.md. In RAM while it does."""

import json
import os
from binascii import hexlify, unhexlify
from hashlib import sha256

from ..core.compat import const
from ..core.memory import drop
from ..errors import NodeError

NEW = "model.new"
NOTE = "update"
_SIZE_MAX = const(32768)
_CHUNK_MAX = const(1024)
_HEAD = const(8)  # of a chunk: the first bytes of the SHA-256, offset
_ID_MAX = const(64)


def _size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return 0


class Update:
    # node: its name; secret: 64 hex digits or ""; store: drivers.flash
    def __init__(self, node, secret, store):
        self._node = node
        self._secret = secret
        self._store = store
        self.note = {"id": None, "counter": 0, "state": "idle"}
        try:
            self.note = json.loads(store.read(NOTE))
        except (OSError, ValueError):
            pass
        self.complete = False

    def offer(self, payload):
        # -> answer (JSON), None: nobody to answer
        try:
            given = json.loads(payload)
            name = given["id"]
        except (KeyError, RuntimeError, TypeError, ValueError):
            return None
        if type(name) not in (str, int) or len(str(name)) > _ID_MAX:
            return None
        try:
            text = self._accept(given)
        except (KeyError, RuntimeError, TypeError, ValueError):
            return answer(name, "malformed offer")
        except NodeError as e:
            return answer(name, str(e))
        except OSError as e:
            return self._refuse_full(e)
        return text

    def _accept(self, given):
        size, counter, sha = given["size"], given["counter"], unhexlify(given["sha256"])
        if type(size) is not int or type(counter) is not int or len(sha) != 32:
            raise ValueError
        if not self._secret:
            raise NodeError("this node has no key: set update.secret")
        lines = self._node, given["id"], counter, size, given["sha256"]
        from ..core import signed

        right = signed.sign(self._secret, "edgewise-update-1", *lines)
        same = signed.equal(right, str(given["hmac"]))
        drop()
        if not same:
            raise NodeError("wrong key")
        note = self.note
        same = note.get("sha256") == given["sha256"]
        again = same and note["state"] == "receiving"
        if same and not again and (note["id"], note["counter"]) == (given["id"], counter):
            return self._repeat_answer()
        if counter < note["counter"] or (counter == note["counter"] and not again):
            raise NodeError("counter %d is not above %d" % (counter, note["counter"]))
        if note["state"] in ("try", "trial"):
            raise NodeError("another model is on trial")
        if not 0 < size <= _SIZE_MAX:
            raise NodeError("%d bytes do not fit: %d at most" % (size, _SIZE_MAX))
        if not again:
            self._store.remove(NEW)
        if not again or (note["id"], note["counter"]) != (given["id"], counter):
            self.note = {
                "id": given["id"],
                "counter": counter,
                "size": size,
                "sha256": given["sha256"],
                "state": "receiving",
            }
            self.write()
        return self._want()

    def _repeat_answer(self):
        # The same offer once more: its last answer was lost on the way.
        note = self.note
        if note["state"] == "idle":
            return answer(note["id"], note.get("error"))
        return self._ask(None)

    def write(self):
        self._store.write(NOTE, json.dumps(self.note).encode())

    def _want(self):
        # a piece may have come before the last reset
        at = min(_size(NEW), self.note["size"])
        if at == self.note["size"]:
            return self._check_whole()
        return self._ask(at)

    def _ask(self, at):
        return json.dumps({"id": self.note["id"], "ok": None, "error": None, "want": at})

    def chunk(self, payload):
        # -> answer (JSON), None: not of the offer that is open
        note = self.note
        if note["state"] != "receiving" or len(payload) <= _HEAD:
            return None
        if payload[:4] != unhexlify(note["sha256"][:8]):
            return None
        at = int.from_bytes(payload[4:8], "little")
        data = memoryview(payload)[_HEAD:]
        try:
            if at == _size(NEW) and len(data) <= min(_CHUNK_MAX, note["size"] - at):
                with open(NEW, "ab") as f:
                    f.write(data)
            return self._want()
        except OSError as e:
            return self._refuse_full(e)

    def _check_whole(self):
        note = self.note
        digest = sha256()
        part = bytearray(256)
        with open(NEW, "rb") as f:
            while True:
                n = f.readinto(part)
                if not n:
                    break
                digest.update(memoryview(part)[:n])
        if hexlify(digest.digest()).decode() != note["sha256"]:
            return self._give_up("bad hash: what came is not what was offered")
        note["state"] = "try"
        self.write()
        self.complete = True
        return self._ask(None)

    def _refuse_full(self, e):
        return self._give_up("the flash takes no more: %s" % e)

    def _give_up(self, why):
        self._store.remove(NEW)
        self.note["state"] = "idle"
        self.note["error"] = why
        try:
            self.write()
        except OSError:
            pass  # the flash has the offer still, and nothing of it
        return answer(self.note["id"], why)


def answer(name, error):
    return json.dumps({"id": name, "ok": not error, "error": error})
