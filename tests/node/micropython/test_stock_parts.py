# What stock parts raise, beside what one expects: the node goes on.
import json
import os

from edgenode.commands.control import run_command
from edgenode.drivers.watchdog import Watchdog
from edgenode.errors import LinkError
from edgenode.link.nap import Nap
from edgenode.link.ntp import Ntp
from edgenode.link.spool import Spool
from edgenode.link.udp import Question
from edgenode.link.uplink import Uplink


def fail(error):
    def call(*_, **__):
        raise error

    return call


class Watch:
    def __init__(self, timeout):
        if timeout == 30000:
            raise OSError(259)  # ESP_ERR_INVALID_STATE

    feed = fail(OSError(261))


def test_a_watchdog_that_cannot_be_made_or_fed():
    watchdog = Watchdog(Watch)
    watchdog.work()
    watchdog.feed()
    watchdog.rest()
    watchdog = Watchdog(fail(OSError(259)))
    watchdog.feed()


class Clock:
    synced = False

    def set(self, unix_s):
        raise OverflowError("overflow converting long int to machine word")

    def age_s(self):
        return None

    def unix_s(self):
        return None

    def uptime_s(self):
        return 1


def test_a_time_that_the_clock_cannot_take():
    lines = []
    ntp = Ntp("10.0.0.1", 123, Clock(), lines.append)

    class Exchange:
        def step(self):
            return 3200000000  # 2071

        def close(self):
            pass

    ntp._exchange = Exchange()
    ntp.step("10.0.0.1")
    assert lines == ["ntp: overflow converting long int to machine word"]
    assert ntp.settled and ntp._exchange is None


def test_a_socket_that_does_not_close():
    class Io:
        close = fail(OSError(9))

    question = Question()
    question._io = Io()
    question.close()
    assert not question.is_open


class Wifi:
    def assume(self, known):
        pass

    def dns(self):
        return "0.0.0.0"

    def up(self):
        raise MemoryError


class Client:
    kind = "mqtt"
    up = opened = True
    tls = None
    wait = fail(OSError(5))  # EIO of lwIP's select()
    publish = fail(LinkError("the broker takes nothing"))

    def close(self):
        self.up = self.opened = False

    def disconnect(self):
        pass


class Node:
    boot = 1
    network = bytes(23)
    events = ()
    outbox = ()


def parts(client):
    return Wifi(), client, Ntp("", 123, Clock(), print), Clock()


def test_a_connection_that_cannot_be_polled_or_written_is_lost():
    for call, error in (
        (lambda link: link.wait(10), "[Errno 5] EIO"),
        (lambda link: link.diag("{}"), "the broker takes nothing"),
        (lambda link: link.step(), "MemoryError()"),
    ):
        lines = []
        client = Client()
        link = Uplink(parts(client), [], "e/n/", 1, lines.append)
        call(link)
        assert not client.opened
        assert link.error == error and lines[0].startswith("mqtt: %s; again in " % error)


def test_a_heap_in_pieces_ends_in_a_restart():
    class Outbox(list):
        kept = 0

        def keep(self):
            self.kept += 1

    outbox = Outbox()
    link = Uplink(parts(Client()), outbox, "e/n/", 1, lambda line: None)
    for _ in range(9):
        link.step()
    assert outbox.kept == 0
    try:
        link.step()
    except MemoryError:
        outbox.kept += 10
    assert outbox.kept == 11


def test_a_system_without_memory_ends_in_a_restart():
    class Outbox(list):
        def keep(self):
            pass

    link = Uplink(parts(Client()), Outbox(), "e/n/", 1, lambda line: None)
    link._wifi.up = fail(OSError(12))
    for _ in range(9):
        link.step()
    try:
        link.step()
    except OSError as e:
        assert e.errno == 12
    else:
        raise AssertionError


def test_an_order_to_stay_awake_for_ever():
    link = Nap(parts(Client()), Node(), "e/n/", print, None)
    link._take_order(b"stay-awake", b'{"id":1,"value":5}', True)
    assert link.order[1] == 5
    for value in ("1e999", "-1e999", "null", "[]", '"x"'):
        link._take_order(b"stay-awake", b'{"id":1,"value":%s}' % value, True)
        assert link.order is None


def test_a_list_of_class_names_that_is_no_text():
    spool = Spool("spool.test", 65536, ['"a"', '"b"'])
    assert spool.push((1, 1, 60, 200, 400, 1, 90, 0, 0, -1))
    spool._classes.clear()
    for name in os.listdir("spool.test"):
        if name.endswith(".cls"):
            with open("spool.test/" + name, "wb") as f:
                f.write(b"\xff\xfe\n\xc0")
    assert spool.peek()[1] == "null"
    for name in os.listdir("spool.test"):
        os.remove("spool.test/" + name)
    os.rmdir("spool.test")


def test_a_command_whose_part_fails_is_answered():
    class Board:
        name = "n1"
        signed = False
        refused = 0
        answers = []

    board = Board()
    board.link = board.node = board
    board.answer = lambda leaf, text: board.answers.append(json.loads(text))
    for error in (RuntimeError("Wifi Unknown Error 0x0101"), MemoryError(), OSError(5)):
        board.diag = fail(error)
        run_command(board, b"diag", b'{"id":1}', False)
        answer = board.answers.pop()
        assert answer["ok"] is False and answer["error"] in (str(error), repr(error))
