# What a broken or hostile broker can send: no crash, no hang, everything answered or counted.
import json

from tests.counts import count

from edgenode.commands.control import run_command
from edgenode.core.journal import Journal
from edgenode.errors import ConfigError, LinkError
from edgenode.link.mqtt import Client
from edgenode.settings import config, sealed
from edgenode.settings.trial import Trial

PACKETS = PAYLOADS = count(2000, 20000)
CONFIGURATIONS = count(500, 5000)


class Random:
    def __init__(self, seed):
        self._x = seed

    def randrange(self, n):
        self._x = (self._x * 1103515245 + 12345) & 0x3FFFFFFF
        return (self._x >> 8) % n

    def bytes(self, n):
        return bytes([self.randrange(256) for _ in range(n)])

    def mutate(self, data):
        data = bytearray(data)
        for _ in range(1 + self.randrange(3)):
            offset = self.randrange(len(data))
            kind = self.randrange(4)
            if kind == 0:
                data[offset] = self.randrange(256)
            elif kind == 1:
                data = data[:offset]
            elif kind == 2:
                data = data[:offset] + self.bytes(1 + self.randrange(5)) + data[offset:]
            else:
                data = data[:offset] + data[offset + 1 :]
            if not data:
                data = bytearray(b"x")
        return bytes(data)


class Io:
    def __init__(self, data, piece):
        self._data = data
        self._piece = piece

    def read(self, n):
        n = min(n, self._piece)
        data, self._data = self._data[:n], self._data[n:]
        return data or None

    def write(self, data):
        return len(data)

    def close(self):
        pass


GOOD = (
    b"\x20\x02\x00\x00",
    b"\x40\x02\x00\x01",
    b"\x90\x03\x00\x01\x01",
    b"\xd0\x00",
    b"\x30\x05\x00\x01tok",
    b"\x32\x07\x00\x01t\x00\x09hi",
    b'\x33\x1a\x00\x0ee/n/cmd/reboot\x00\x07{"id":1}',
    b"\x30\x90\x4e\x00\x01t" + b"y" * 300,
    b"\x50\x02\x00\x01",
    b"\x62\x02\x00\x01",
)


def test_packets():
    r = Random(1)
    message_count = [0]
    outcomes = {}
    client = Client("id", "host", 1883, "", "", 60)

    def message(topic, payload, retained):
        message_count[0] += 1

    for i in range(PACKETS):
        client.close()
        client.on_ack = lambda pid: None
        client.on_message = message
        client.up = bool(i % 8)
        client._due_ms = {1: 0} if client.up else {-1: 0}
        data = b"".join([GOOD[r.randrange(len(GOOD))] for _ in range(1 + r.randrange(3))])
        data = r.bytes(1 + r.randrange(40)) if i % 5 == 0 else r.mutate(data)
        client._io = Io(data, 1 + r.randrange(256))
        try:
            for _ in range(6):
                client._read()
            outcome = "open"
        except LinkError as e:
            outcome = str(e)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(outcomes.values()) == PACKETS
    for outcome in ("garbage from the broker", "garbage instead of CONNACK", "open"):
        assert outcomes[outcome] > PACKETS // 20
    assert message_count[0] > PACKETS // 20 and client.oversized > PACKETS // 2000


class Link:
    def __init__(self):
        self.answers = []

    def answer(self, verb, text):
        self.answers.append((verb, text))

    def idle(self):
        return False


class Store:
    # the flash, for what would be written
    def __init__(self):
        self.files = {"config.json": b'{"mqtt":{"host":"broker","port":1883}}'}

    def read(self, path):
        if path != "config.json":
            raise OSError
        return self.files[path]

    def exchange(self, path):
        self.files[path] = self.files.pop(path + ".tmp")

    def write(self, path, data):
        self.files[path] = data


class Node:
    def diag(self):
        return "{}"

    def set_period(self, period_ms):
        if period_ms:
            assert 2000 <= period_ms <= 3600000

    def actuate(self, state):
        assert state in ("on", "off", "auto")

    def stay_awake(self, minutes):
        assert 0 <= minutes <= 1440


class Clock:
    def __init__(self):
        self._uptime_s = 0

    def uptime_s(self):
        self._uptime_s += 60
        return self._uptime_s

    def ticks_ms(self):
        return 1

    def ticks_add(self, a, ms):
        return a + ms


class Boot:
    def __init__(self, signed):
        self._signed = signed

    def want_safe(self, on):
        assert isinstance(on, bool)
        assert not self._signed  # no order here has a valid signature


class Board:
    name = "n1"
    period_s = -60

    def __init__(self, link, trial, signed):
        self.link = link
        self.trial = trial
        self.signed = signed
        self.boot = Boot(signed)
        self.clock = Clock()
        self.journal = Journal()
        self.node = Node()
        self.refused = 0

    def open_trial(self):
        return self.trial

    def secret(self):
        return "0f" * 32

    def restart_soon(self):
        pass


ORDERS = (
    ("ping", '{"id":1}'),
    ("diag", '{"id":"a"}'),
    ("log", '{"id":"b"}'),
    ("config", '{"id":"c"}'),
    ("config", '{"id":"c","value":{"mqtt":{"port":1883},"confirm":{"need":3,"of":5}}}'),
    ("config", '{"id":"c","value":{"sensor":{"pin":4,"kind":"dht11"},"node":"n1"}}'),
    ("period", '{"id":"d","value":60000}'),
    ("safe", '{"id":"e","value":true}'),
    ("actuator", '{"id":"f","value":"on"}'),
    ("stay-awake", '{"id":"g","value":5}'),
    ("reboot", '{"id":"h"}'),
    ("safe", '{"id":"i","value":true,"counter":1,"hmac":"%s"}' % ("0f" * 32)),
)


def test_orders():
    r = Random(2)
    link = Link()
    store = Store()
    answer_count = refusal_count = trial_count = 0
    for i in range(PAYLOADS):
        if i % 50 == 0:
            store.files["config.json"] = Store().files["config.json"]
            trial = Trial(store, print)
            trial.load(0)
            board = Board(link, trial, i % 100 == 0)
        verb, payload = ORDERS[r.randrange(len(ORDERS))]
        verb = verb.encode()
        if i % 9 == 0:
            payload = r.bytes(r.randrange(60))
        elif i % 3:
            payload = r.mutate(payload.encode())
        else:
            payload = payload.replace(
                '":', '":' + '[{1-"x'[r.randrange(6)], 1 + r.randrange(2)
            ).encode()
        if i % 7 == 0:
            verb = r.mutate(verb)
        old_count = board.refused
        link.answers.clear()
        trial._name = None
        run_command(board, verb, payload, i % 11 == 0)
        refusal_count += board.refused - old_count
        answer_count += len(link.answers)
        for _, text in link.answers:
            answer = json.loads(text)
            assert isinstance(answer["ok"], bool)
        if board.refused == old_count and not link.answers:
            trial_count += 1  # a configuration that is tried: answered after the restart
            config.check(json.loads(sealed.read(store, "config.json")[0]))
    assert refusal_count + answer_count + trial_count == PAYLOADS
    assert (
        refusal_count > PAYLOADS // 4
        and answer_count > PAYLOADS // 20
        and trial_count > PAYLOADS // 2000
    )


def test_configurations():
    r = Random(3)
    text = json.dumps(config.check({"mqtt": {"host": "broker"}}))
    valid_count = 0
    for _ in range(CONFIGURATIONS):
        try:
            config.check(json.loads(r.mutate(text.encode())))
            valid_count += 1
        except (ConfigError, ValueError):
            pass
    assert 0 < valid_count < CONFIGURATIONS
