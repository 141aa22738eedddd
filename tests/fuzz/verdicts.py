# verdicts.py FILE, in CPython and in MicroPython: what this interpreter makes of every model.bin
# in a file of length-framed ones, a line each; "end" is the last one.
import struct
import sys
from array import array
from binascii import crc32

from edgenode.core import loader, model, walk, walk_plain

GUARD = 0x5A5A5A5A
LEVELS = (-32768, -32767, -2, -1, 0, 1, 32766, 32767)
RANDOM_ROWS = 8


def rows(n):
    x = array("h", bytes(2 * n))
    for level in LEVELS:
        for i in range(n):
            x[i] = level
        yield x
    state = 1
    for _ in range(RANDOM_ROWS):
        for i in range(n):
            state = (state * 75 + 74) % 65537  # the generator of the ZX81
            x[i] = state % 65536 - 32768
        yield x


def votes(walk, table, x, n):
    # the votes as bytes; the words before and after them must stay as they are
    guarded = array("i", [GUARD] * (n + 2))
    walk(table, x, memoryview(guarded)[1 : n + 1])
    if guarded[0] != GUARD or guarded[n + 1] != GUARD:
        raise RuntimeError("written out of range")
    return bytes(guarded)


def forward(table):
    for i in range(table[0]):
        k = 3 + table[1] + 4 * i
        if table[k + 2] <= i or table[k + 3] <= i:
            return False
    return True


def walked(blob):
    m = model.Model(blob)
    _, table = loader.unpack(blob)
    if not forward(table):
        raise RuntimeError("a way back")
    n = len(m.classes)
    crc = 0
    for x in rows(len(m.features)):
        expected = votes(walk_plain.votes, table, x, n)
        if votes(walk.walker()[1], table, x, n) != expected:
            raise RuntimeError("walkers differ")
        passed = m.visits(x)
        if passed > table[0] + table[1]:
            raise RuntimeError("a walk too long")
        best = m.predict(x)
        if not (0 <= best < n and 0 <= m.p_pc <= 100):
            raise RuntimeError("class or share out of range")
        crc = crc32(expected + struct.pack("<IBB", passed, best, m.p_pc), crc)
    return crc


with open(sys.argv[1], "rb") as f:
    while True:
        size = f.read(4)
        if not size:
            break
        blob = f.read(struct.unpack("<I", size)[0])
        try:
            print("accepted", walked(blob))
        except ValueError as e:
            said = str(e)  # others quote what was wrong, each interpreter in its own way
            print("refused", said if said.startswith("model:") else said.split()[0])
print("end")
