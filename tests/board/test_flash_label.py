"""`edgewise flash --node kitchen-{mac}`: one build, and a name and a key for each board."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from littlefs import LittleFS, UserContext
from tests.board.firmware import build, firmware
from tests.board.flashing import MB, error, run
from tests.board.rom_loader import Esp32, Esp32Server
from tests.board.wasm_board import WasmBoard
from tests.command import edgewise

from edgewise import settings
from edgewise.board import ports
from edgewise.board.flash import memory
from edgewise.ota.targets import key_of

BOOT_LOG = (
    "edgewise: node kitchen-x, boot 1, model occupancy, viper-inline\n"
    'state {"ts":null,"boot":1,"seq":1,"t":23.4,"h":45.1,"cls":"occupied","p":0.9}\n'
)
FLEET_SECRET = "0123456789abcdef" * 4
MAC, OTHER_MAC = "240ac4a1b2c3", "240ac4d4e5f6"
TEMPLATE = ("--node", "kitchen-{mac}", "--image", "m.bin")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with m.bin, node.toml, secrets.toml and its build/."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path / "cache"))
    Path("m.bin").write_bytes(firmware())
    Path("secrets.toml").write_text(
        f'[update]\nsecret = "{"ab" * 32}"\nfleet_secret = "{FLEET_SECRET}"\n'
    )
    Path("secrets.toml").chmod(0o600)
    write_settings('node = "kitchen"\n[mqtt]\nhost = "pi"\n')
    return tmp_path


def write_settings(text: str) -> None:
    Path("node.toml").write_text(text)
    build(Path("build"), config=settings.config_json(settings.load(Path("node.toml"))))


def derive(name: str) -> str:
    info = f"edgewise-node-1\n{name}".encode()
    return HKDF(SHA256(), 32, None, info).derive(bytes.fromhex(FLEET_SECRET)).hex()


def files_in(chip: Esp32, *names: str) -> list[bytes]:
    context = UserContext(2 * MB)
    context.buffer[:] = chip.flash[2 * MB : 4 * MB]
    fs = LittleFS(context, block_size=4096, block_count=512)
    contents = []
    for name in names:
        with fs.open(name, "rb") as file:
            contents.append(bytes(file.read()))
    return contents


def test_each_of_two_boards_has_a_name_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Esp32Server(Esp32(boot_log=BOOT_LOG, mac=MAC), lines=True) as first,
        Esp32Server(Esp32(boot_log=BOOT_LOG, mac=OTHER_MAC), lines=True) as second,
    ):
        monkeypatch.setattr(ports, "port_names", lambda: [first.url, second.url])
        result = run("flash", "--port", "all", *TEMPLATE, "--json")
    assert result.exit_code == 0, result.output
    assert [row["mac"] for row in json.loads(result.stdout)["boards"]] == [
        "24:0a:c4:a1:b2:c3", "24:0a:c4:d4:e5:f6",
    ]  # fmt: skip
    for server, name in ((first, "kitchen-a1b2c3"), (second, "kitchen-d4e5f6")):
        config, listing, main = files_in(server.chip, "config.json", "files.json", "main.py")
        assert json.loads(config) == {
            "node": name, "mqtt": {"host": "pi"}, "update": {"secret": derive(name)},
        }  # fmt: skip
        assert json.loads(listing)["config.json"] == hashlib.sha256(config).hexdigest()
        assert main == Path("build/fs/main.py").read_bytes()
        assert Path(f"nodes/{name}.toml").read_text().endswith(f'node = "{name}"\n')
        assert key_of(Path("node.toml"), name) == derive(name)
    # a second time nothing is new
    with Esp32Server(Esp32(boot_log=BOOT_LOG, mac=MAC), lines=True) as server:
        result = run("flash", "--port", server.url, *TEMPLATE)
    assert result.exit_code == 0
    assert "written: nodes" not in result.output


def flash_one(mac: str, *options: str) -> tuple[str | None, str]:
    with Esp32Server(Esp32(boot_log=BOOT_LOG, mac=mac), lines=True) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin", "--json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["boards"][0]["other_mac"], result.stderr


def test_another_board_with_the_name_is_noticed() -> None:
    assert flash_one(MAC)[0] is None
    assert flash_one(MAC)[0] is None
    other_mac, text = flash_one(OTHER_MAC)
    assert other_mac == "24:0a:c4:a1:b2:c3"
    assert "node kitchen: the board 24:0a:c4:a1:b2:c3 was flashed with this name before" in text
    assert "flash --node 'kitchen-{mac}'" in " ".join(text.split())
    assert flash_one(MAC, "--node", "pantry-{mac}")[0] is None
    write_settings('node = "kitchen"\n[mqtt]\nhost = "another.lan"\n')
    assert flash_one(MAC)[0] is None, "another broker, another kitchen"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', "\xff"])
def test_a_damaged_memory_is_an_empty_one(home: Path, text: str) -> None:
    config: dict[str, Any] = {"node": "kitchen"}
    (home / "cache").mkdir()
    (home / "cache/boards.json").write_text(text, encoding="latin-1")
    assert memory.other_board(config, "b") is None
    memory.remember(config, "a")
    assert (memory.other_board(config, "a"), memory.other_board(config, "b")) == (None, "a")
    assert memory.other_board({}, "b") is None


def test_two_servers_are_two_houses(home: Path) -> None:
    server = {"node": "kitchen", "uplink": "http", "server": {"url": "https://pi.lan"}}
    memory.remember(server, "a")
    assert memory.other_board(server, "b") == "a"
    assert memory.other_board(server | {"server": {"url": "https://other"}}, "b") is None
    assert memory.other_board({"node": "kitchen"}, "b") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--node", "my kitchen"], "--node 'my kitchen': not a name for a node"),
        (["--node", "kitchen-{MAC}"], "{mac} is the end of the MAC"),
        (["--node", "x" * 27 + "{mac}"], "use 1 to 32 letters"),
        (["--node", "a", "--config", "no.toml"], "no.toml: cannot be read"),
        (["--node", "a", "--config", "nodes/b.toml"], "is of one node: name the node.toml above"),
        (
            ["--node", "a", "--config", "other.toml"],
            "build: is not of other.toml: run edgewise",
        ),
        (
            ["--port", "all", "--node", "a"],
            "several boards would have this name: write --node a-{",
        ),
        (["--port", "all"], "node empty in its settings, or take --node 'kitchen-{mac}'"),
    ],
)
def test_wrong_names(arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "port_names", lambda: ["/dev/a", "/dev/b"])
    Path("nodes").mkdir()
    Path("nodes/b.toml").write_text('node = "b"\n')
    Path("other.toml").write_text('node = "pantry"\n')
    result = run("flash", "--port", "/dev/null", "--image", "m.bin", *arguments)
    assert message in error(result)


def test_a_pin_of_another_chip_is_found_before_it_is_written() -> None:
    write_settings('chip = "esp32-s3"\n[sensor]\npin = 35\n')
    with Esp32Server(Esp32(boot_log=BOOT_LOG)) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin")
    assert "build: sensor.pin: GPIO 35 is an input of an ESP32" in error(result)
    assert server.chip.writes == []


def test_deploy_gives_the_same_name(home: Path) -> None:
    (home / "board").mkdir()
    main = b"print('edgewise: node kitchen-a1b2c3, boot 1, model m, python-table')\n"
    (home / "build/fs/main.py").write_bytes(main)
    machine = f"unique_id = lambda: bytes.fromhex('{MAC}')\n"
    (home / "build/fs/machine.py").write_text(machine)
    label = ("--node", "kitchen-{mac}")
    with WasmBoard(home / "board") as board:
        results = []
        for options in ((), label, label, ()):
            results.append(edgewise("deploy", "--port", board.port, *options))
            assert results[-1].returncode == 0, results[-1].stderr
            config = json.loads((board.files / "config.json").read_bytes())
            name = "kitchen-a1b2c3" if options else "kitchen"
            assert config["node"] == name
            assert config["update"]["secret"] == (derive(name) if options else "ab" * 32)
    texts = [result.stderr for result in results]
    assert ["written: nodes/kitchen-a1b2c3.toml" in text for text in texts] == [0, 1, 0, 0]
    assert ["renamed: the node was kitchen; " in text for text in texts] == [0, 1, 0, 0]
    assert ["renamed: the node was kitchen-a1b2c3; " in text for text in texts] == [0, 0, 0, 1]


def test_deploy_names_what_a_build_of_an_earlier_version_has(home: Path) -> None:
    (home / "board").mkdir()
    main = b"print('edgewise: node w, boot 1, model m, python-table')\n"
    (home / "build/fs/main.py").write_bytes(main)
    (home / "build/fs/config.json").write_text('{"node": "wohn zimmer"}')
    with WasmBoard(home / "board") as board:
        result = edgewise("deploy", "--port", board.port)
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stderr.split())
    assert "build: node 'wohn zimmer': not a name for a node" in text
    assert "such as wohn-zimmer; its readings stay under the old name" in text
