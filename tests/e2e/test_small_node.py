"""The node as it lies on a board: short names, .mpy files, and a heap as small as a board's."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.counts import WHOLE
from tests.e2e import test_control, test_sleep, test_spine
from tests.e2e import test_outputs as test_pins
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.shared import LIMIT_S

from edgewise import paths
from edgewise.board.filesystem import Arch, node_code
from edgewise.board.filesystem.bundles import join_node
from edgewise.board.filesystem.files import compile_node
from edgewise.board.filesystem.stock_words import STOCK_WORDS
from edgewise.database import open_db
from edgewise.logs.log import Log
from edgewise.ota.offer import offer
from edgewise.ota.order import order_payload
from edgewise.ota.targets import Target
from edgewise.package.store import Package, load_package
from edgewise.simulator import node as simulator
from edgewise.simulator.feed import encode
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

KEY = "0f" * 32
WORDS = 2  # of the unix port are twice as wide as those of an ESP32
# The heap of a stock image for the ESP32 before it grows into what Wi-Fi and TLS need; w: in
# words of 32 bits.
HEAP = "102wk"
TAKEN_BYTES = 50_000
# beside those of STOCK_WORDS, which take no RAM. The stock image has some 110 of these; above 300
# names the table takes 2.2 KB more
NAMES = 375
# of all files; those of heads, outputs, TLS, rules and averages come to a node that has them
NAMES_OF_ALL = 436
SOME = ("averages", "detector", "gate", "headcheck", "heads", "learn", "outlook", "outputcheck")
SOME += ("outputs", "secure", "temporal")
MPY_BYTES = 98_500  # 8,000 are native code of this machine; that of an ESP32 takes 5,100

whole = pytest.mark.skipif(not WHOLE, reason="joins the node again: make test-all")
on_mosquitto = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


def write_code(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Return the folders in which MicroPython finds them."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return [folder, folder / "lib"]


@pytest.fixture(scope="module")
def code_folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_code(tmp_path_factory.mktemp("small"), node_code(Arch.x64, sleep=False))


@pytest.fixture(autouse=True)
def small_nodes(code_folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "node_dirs", lambda: code_folders)
    monkeypatch.setattr(simulator, "_HEAP", HEAP)


@on_mosquitto
def test_every_reading_arrives(model: Package, log: Log, broker: str, tmp_path: Path) -> None:
    test_spine.test_every_reading_arrives_with_the_class_that_the_host_computes(
        model, log, broker, open_db(f"sqlite:///{tmp_path / 'a.db'}")
    )


@on_mosquitto
def test_outputs(model: Package, log: Log, broker: str) -> None:
    test_pins.test_pins_follow_a_class_and_a_limit(model, log, broker)


@on_mosquitto
def test_asleep(
    model: Package, log: Log, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = write_code(tmp_path / "node", node_code(Arch.x64, sleep=True))
    monkeypatch.setattr(paths, "node_dirs", lambda: folders)
    test_sleep.test_every_reading_of_a_sleeping_node_arrives(model, log, broker, tmp_path)


@on_mosquitto
def test_commands(model: Package, log: Log, broker: str, operator: Operator) -> None:
    config = node_config({"wifi": {"password": "hidden"}}, parse_broker(broker), NODE)
    with SimulatedNode(model, log, config, 1, world=FAST) as node:
        operator.hear("event", event="reset")
        test_control.test_questions(node, operator)
        assert operator.order("period", 4000)["ok"] is True
        assert operator.order("config", {"mqtt": {"port": 0}})["ok"] is False


def messages() -> list[tuple[str, str]]:
    """Return topic and payload of every kind of order."""
    orders = [
        ("ping", None),
        ("diag", None),
        ("log", None),
        ("config", None),
        ("period", 12000),
        ("actuator", "on"),
        ("stay-awake", 1),
        ("model", "status"),
        ("safe", False),
        ("config", {"confirm": {"need": 2, "of": 3}}),
    ]
    target = Target("edgewise", NODE, KEY)
    told = [
        (f"cmd/{verb}", order_payload(target, verb, value, verb, counter).decode())
        for counter, (verb, value) in enumerate(orders, 1)
    ]
    return [("model/offer", json.dumps(offer("m", NODE, b"model", 1, KEY))), *told]


def names_of(mpy: bytes) -> set[str]:
    """Return the names that a .mpy file brings; docs.micropython.org, "MicroPython .mpy files"."""
    at = 4

    def number() -> int:
        nonlocal at
        value = 0
        while True:
            byte = mpy[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    count, _ = number(), number()
    names = set()
    for _ in range(count):
        size = number()
        if not size & 1:  # else every MicroPython has the name
            names.add(mpy[at : at + size // 2].decode())
            at += size // 2 + 1
    return names


def test_the_names_fit() -> None:
    files = {n: d for n, d in node_code(Arch.x64, sleep=False).items() if n.endswith(".mpy")}
    some = tuple(f"lib/{name}_" for name in SOME)
    bare = [data for name, data in files.items() if not name.startswith(some)]
    assert len(set().union(*map(names_of, bare)).difference(STOCK_WORDS)) < NAMES
    assert len(set().union(*map(names_of, files.values())).difference(STOCK_WORDS)) < NAMES_OF_ALL
    assert sum(map(len, files.values())) < MPY_BYTES


@pytest.mark.parametrize(
    "uplink", ["mqtt", *(pytest.param(uplink, marks=whole) for uplink in ("http", "coap"))]
)
def test_it_fits(
    repo: Path, micropython_command: list[str], umqtt_dir: Path, tmp_path: Path, uplink: str
) -> None:
    sources = {name: path.read_text() for name, path in paths.node_files().items()}
    sources["memory_node.py"] = (repo / "tests/soak/memory_node.py").read_text()
    folders = write_code(
        tmp_path / "code", compile_node(join_node(sources, False, uplink), Arch.x64)
    )
    (tmp_path / "model.bin").write_bytes(load_package(repo / "models/occupancy").blob)
    config = {
        "node": NODE,
        "mqtt": {"host": "127.0.0.1", "port": 9},
        "ntp": {"host": ""},
        "update": {"secret": KEY},
        "uplink": uplink,
        "server": {"url": f"{uplink}://127.0.0.1:9", "token": KEY},
    }
    hears = uplink == "mqtt"
    (tmp_path / "commands.json").write_text(json.dumps(messages() if hears else []))
    (tmp_path / "config.json").write_text(json.dumps(config))
    row = struct.pack("<IHB5s", 1_700_000_000, 1, 0, encode(210, 400))
    (tmp_path / "feed.bin").write_bytes(10 * row)
    search_path = [".", *paths.simulator_dirs(), *folders, umqtt_dir]
    result = subprocess.run(
        [*micropython_command, "-X", f"heapsize={HEAP}", "-c", "import memory_node"],
        cwd=tmp_path,
        env={"MICROPYPATH": ":".join([*map(str, search_path), ".frozen"])},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    memory = json.loads(result.stdout.splitlines()[-1])
    assert not memory["safe"]
    assert memory["waiting"] >= 300
    assert set(memory["answers"]) == ({None} if hears else set())
    assert not memory["left"]
    print(f"{memory['bytes'] / WORDS:.0f} bytes in words of 32 bits")
    assert memory["bytes"] < WORDS * TAKEN_BYTES
