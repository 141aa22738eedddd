"""The node's modules joined into few files: the same program, found with few reads."""

from __future__ import annotations

import ast
import keyword
import re
import subprocess
from pathlib import Path

import pytest
from tests.board.flash_board import FlashBoard
from tests.counts import count
from tests.shared import LIMIT_S

from edgewise import paths, settings
from edgewise.bench.places import UnixPort
from edgewise.bench.show import show_starts_on
from edgewise.bench.start import reads_of_starts
from edgewise.bench.wake import measure_starts_on
from edgewise.board.filesystem import Arch, build, node_code
from edgewise.board.filesystem.bundles import Bundle, bundles, join_node
from edgewise.board.filesystem.compact import compact
from edgewise.board.filesystem.files import compiler_of, joined_node, node_sources
from edgewise.board.filesystem.join import join
from edgewise.board.filesystem.shorten import shorten
from edgewise.board.filesystem.stock_words import STOCK_WORDS
from edgewise.board.filesystem.tracebacks import locate
from edgewise.errors import EdgewiseError
from edgewise.package.store import load_package
from edgewise.report.energy import ASSUMED
from edgewise.toolchain import umqtt

POWER_READS, POWER_BYTES, WAKE_READS = 1250, 112_000, 700


def joined(**modules: str) -> dict[str, object]:
    """Return the globals after one file, joined from modules of the package edgenode, has run."""
    sources = {f"edgenode/{name}.py": text for name, text in modules.items()}
    file = join(sources, dict.fromkeys(sources, "one"))["one"]
    names: dict[str, object] = {"const": lambda value: value}
    exec(file.text, names)  # noqa: S102 - source of the test itself
    return names


def test_names_that_two_modules_have_stay_apart() -> None:
    result = joined(
        a="def _read(): return 'a'\ndef get(): return _read()\n",
        b="from .a import get as other\ndef _read(): return 'b'\n"
        "def both(): return other() + _read()\n",
    )
    assert result["both"]() == "ab"  # type: ignore[operator]


def test_a_module_behind_a_point_becomes_the_name_itself() -> None:
    result = joined(
        a="LIMIT = 5\ndef keep(x): return min(x, LIMIT)\n",
        b="from . import a\ndef run(x):\n    keep = a.keep(x)\n    return keep + a.LIMIT\n",
    )
    assert result["run"](9) == 10  # type: ignore[operator]


def test_a_number_has_a_name_that_nothing_else_has() -> None:
    sources = {
        "edgenode/a.py": "from .compat import const\n_A = const(3)\ndef a(): return _A\n",
        "edgenode/b.py": "def b(_A): return _A\n",
    }
    text = join(sources, dict.fromkeys(sources, "one"))["one"].text
    # mpy-cross would put 3 into the arguments of b
    assert "def b(_A): return _A" in text
    assert text.count("_A") == 2


def test_an_attribute_of_a_class_is_no_global() -> None:
    result = joined(
        a="size = 1\ndef first(): return size\n",
        b="size = 2\nclass B:\n    size = 3\n    def get(self): return size, self.size\n",
    )
    assert result["B"]().get() == (2, 3)  # type: ignore[operator]


def test_what_stays_apart_keeps_its_imports() -> None:
    sources = {
        "edgenode/a.py": "def f(): return 1\n",
        "edgenode/b.py": "def g():\n    from . import a\n    f = a.f()\n    del a\n    return f\n",
    }
    files = join(sources, {"edgenode/a.py": "one", "edgenode/b.py": "two"})
    assert files["two"].text == (
        "def g():\n    import one as a\n    f = a.f()\n    del a\n    return f\n"
    )


def test_what_cannot_be_joined_is_refused() -> None:
    with pytest.raises(EdgewiseError, match=r"edgenode/a.py:3: `global` cannot be joined"):
        joined(a="n = 0\ndef f():\n    global n\n    n = 1\n")
    with pytest.raises(EdgewiseError, match=r"edgenode/b.py: read has another meaning elsewhere"):
        joined(
            a="def read(): pass\n",
            b="def read(): pass\n",
            c="from . import a, b\nboth = (a, b)\n",
        )


def test_a_name_from_the_firmware_is_none_of_its_mqtt_client() -> None:
    # the node's client inherits from it
    tree = ast.parse((umqtt.fetch() / "umqtt/simple.py").read_text(encoding="utf-8"))
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    names |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert "sock" in names
    assert not names & set(STOCK_WORDS)


def test_names_of_the_node_are_those_of_the_firmware() -> None:
    sources = {
        "a.py": "LIMIT = 5\nclass Part:\n    def run(self, limit): return limit + self.run(1)\n",
        "b.py": "from a import Part, LIMIT\nPart().run(LIMIT)\nprint('sin')\n",
    }
    short = shorten(sources, ["sin", "cos", "tan", "exp", "erf"])
    # LIMIT, Part and run are known in both files, limit in one; sin is text
    assert short == {
        "a.py": "cos = 5\nclass tan:\n    def exp(self, erf): return erf + self.exp(1)\n",
        "b.py": "from a import tan, cos\ntan().exp(cos)\nprint('sin')\n",
    }


def test_a_module_of_the_firmware_with_another_name_here_keeps_its_own() -> None:
    source = {"a.py": "import _thread as thread\n\nthread.exit()\n"}
    assert shorten(source) == source


def node_bundles(sleep: bool) -> list[Bundle]:
    return bundles(joined_node(sleep), compiler_of(Arch.xtensawin))


@pytest.mark.parametrize("sleep", count([False], [False, True]))
def test_every_line_is_found_again(sleep: bool) -> None:
    # names are others and imports are gone, but a statement begins with its keyword
    sources = {path: text.split("\n") for path, text in node_sources().items()}
    changed = ("from", "import", "pass", "del")
    found = 0
    for bundle in node_bundles(sleep):
        lines = bundle.text.split("\n")[:-1]
        for line, (path, n) in zip(lines, bundle.places, strict=True):
            word = re.split(r"\W", line.strip(), maxsplit=1)[0]
            if keyword.iskeyword(word) and word not in changed and "__name__" not in line:
                assert sources[path][n - 1].strip().startswith(word), (bundle.name, line)
                found += 1
    assert found > 1500


def test_a_statement_is_a_line_of_the_compiler() -> None:
    text = (
        '"""What it is."""\n\nimport os\n\n\nclass A:\n    # a: a path\n'
        "    def list(self, a):\n        for name in (\n            os.listdir(a),  # all\n"
        "        ):\n"
        "            yield name\n"
    )
    made = compact(text, {"a.py": 1}, stays=True)
    first, *lines = made.text.split("\n")
    assert lines == [
        "import os",
        "class A:",
        "    del __module__, __qualname__",
        "    def list(self, a):",
        "        for name in ( os.listdir(a), ):",
        "            yield name",
        "",
    ]
    assert first.startswith("if not __name__: ")
    assert made.places == tuple(("a.py", n) for n in (1, 3, 6, 6, 8, 9, 12))


def test_what_stays_has_its_names_in_the_order_of_their_use() -> None:
    text = "def f(x):\n    return x.b + x.a + x.a\n\n\ndef g(y):\n    return f(y.a)\n"
    first = compact(text, {"a.py": 1}, stays=True).text.split("\n")[0]
    assert first == "if not __name__: __name__.a.f.x.b.g.y"
    assert compact(text, {"a.py": 1}, stays=False).text.split("\n")[0] == "def f(x):"


def test_what_only_some_nodes_need_is_not_loaded_by_all() -> None:
    some = "averages detector gate headcheck heads learn limits net_plain outlook temporal"
    for sleep in (False, True):
        for bundle in node_bundles(sleep):
            if bundle.name.startswith(("node", "settings", "start")):
                names = {Path(path).stem for path, _ in bundle.places}
                assert not names & set(some.split()), bundle.name


def test_a_node_that_is_awake_has_native_code_and_not_its_plain_twin_in_what_it_loads() -> None:
    def modules(sleep: bool) -> dict[str, str]:
        return {Path(p).stem: b.name for b in node_bundles(sleep) for p, _ in b.places}

    awake, asleep = modules(False), modules(True)
    assert awake["features_viper"] == awake["heads_viper"] != awake["features_plain"]
    assert awake["features_plain"] == awake["trackers"] != awake["app"]
    assert not {"features_viper", "heads_viper", "program"} & set(asleep)
    assert asleep["features_plain"] == asleep["trackers"] == asleep["features"]


def test_only_a_build_with_tls_divides_the_heap() -> None:
    plain, tls = joined_node(False), joined_node(False, tls=True)
    for files in (plain, tls):
        assert ("heap_MARK" in files) == ("heap_MARK" in files["main"].text) == (files is tls)
    # what reads the model leaves before the node is built, where that is a file by itself
    loading = {Path(path).stem for path, _ in tls["loader_MARK"].places}
    assert loading == {"compact_json", "loader", "walk", "model"}
    assert "'loader_MARK'" in tls["node_MARK"].text
    assert "loader_MARK" not in plain["node_MARK"].text


def test_another_source_makes_other_names() -> None:
    sources = node_sources()
    sources["edgenode/errors.py"] += "\n\nclass NewError(NodeError):\n    pass\n"
    other_bundles = bundles(join_node(sources, False), compiler_of(Arch.xtensawin))
    names = {bundle.name for bundle in node_bundles(False)}
    assert {bundle.name for bundle in other_bundles} & names == {"main"}


def test_a_start_reads_little(repo: Path, tmp_path: Path) -> None:
    values = {"node": "kitchen", "mqtt": {"host": "pi.local"}}
    reads = {}
    for sleep in (False, True):
        config = settings.write(tmp_path / f"{sleep}.toml", {**values, "sleep": sleep})[0]
        built = build(repo / "models/occupancy", config, tmp_path / f"build-{sleep}", "x64")
        reads[sleep] = reads_of_starts(built.image, wakes=sleep)
    wake = reads[True]["wake"]
    assert pytest.approx(wake.reads, rel=0.05) == ASSUMED.wake_reads
    assert pytest.approx(wake.bytes, rel=0.05) == ASSUMED.wake_bytes
    assert pytest.approx(_loaded(tmp_path / "build-True/fs"), rel=0.1) == ASSUMED.code_bytes
    assert reads[False]["power"].reads <= POWER_READS
    assert reads[False]["power"].bytes <= POWER_BYTES
    assert reads[True]["wake"].reads <= WAKE_READS
    assert reads[True]["power"].reads <= POWER_READS
    # what a start writes is read at the next one, but not by each search
    later = reads_of_starts(tmp_path / "build-True/fs.img", wakes=True, n=20)
    assert later["wake"].reads <= WAKE_READS
    assert later["power"].reads <= POWER_READS


def _loaded(fs: Path) -> int:
    # what a wake imports
    (node,) = fs.glob("node_*.mpy")
    return node.stat().st_size


def test_a_start_on_a_board_is_split_into_its_terms(repo: Path) -> None:
    package = load_package(repo / "models/occupancy")
    with FlashBoard() as place:
        found = measure_starts_on(place, package.blob, package.code)
    power, wake, flash, flashed = (found[key] for key in ("power", "wake", "flash", "flashed"))
    assert 0 < wake["imports_s"] < wake["s"]
    assert 0 < wake["imports_reads"] < wake["reads"]
    assert power["imports_reads"] > 0
    assert "s" not in power

    def seconds(start: dict) -> float:
        return (start["reads"] * flash["read_us"] + start["bytes"] * flash["byte_us"]) / 1e6

    own_s = wake["load_s"] + wake["decide_s"]
    assert own_s + seconds(wake) == pytest.approx(wake["s"])
    assert own_s + seconds(flashed) == pytest.approx(flashed["s"])
    # a folder that was written file by file is read more often than an image
    assert 400 < flashed["reads"] <= WAKE_READS < wake["reads"]
    show_starts_on(found)


def test_a_node_that_does_not_work_is_no_figure(repo: Path) -> None:
    package = load_package(repo / "models/occupancy")
    with UnixPort() as place:
        found = measure_starts_on(place, package.blob[:-1], package.code)
    for start in ("power", "wake"):
        assert found[start]["absent"].startswith("the node crashed: "), start
    assert found["flash"] == {"absent": "has no flash of its own"}


def test_a_traceback_names_the_line_of_the_source() -> None:
    wifi = node_sources()["edgenode/link/wifi.py"].split("\n")
    for sleep in (False, True):
        for bundle in node_bundles(sleep):
            here = [i for i, (path, _) in enumerate(bundle.places) if path.endswith("wifi.py")]
            if here:
                i = next(i for i in here if bundle.text.split("\n")[i].endswith(".isconnected():"))
                found = locate(f'  File "{bundle.name}", line {i + 1}, in _a')
                line = next(n for n, text in enumerate(wifi, 1) if "if self._wlan.isconn" in text)
                assert found == f'  File "edgenode/link/wifi.py", line {line}, in up'
                mark = bundle.name[-4:]
    other = f'File "node_{(int(mark, 16) + 1) % 65536:04x}", line 5'
    assert locate(other) == other  # another version of Edgewise
    assert locate('File "model.py", line 5') == 'File "model.py", line 5'


def test_a_crash_on_the_board_names_the_line_of_the_source(
    micropython_command: list[str], tmp_path: Path
) -> None:
    sources = node_sources()
    for name, data in node_code(Arch.x64, sleep=False).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    in_app = sources["edgenode/app.py"].split("\n").index("class Node:") + 1
    first = next(
        bundle.text.split("\n")[bundle.places.index(("edgenode/app.py", in_app))]
        for bundle in node_bundles(False)
        if ("edgenode/app.py", in_app) in bundle.places
    )
    name = first.removeprefix("class ").removesuffix(":")
    file = next(tmp_path.glob("node_*.mpy")).stem
    code = f"import {file} as n\nn.{name}(0, 0, 0, 5, 0, 0, 0)"  # parts are three
    result = subprocess.run(
        [*micropython_command, "-c", code],
        cwd=tmp_path,
        env={
            "MICROPYPATH": ":".join([".", *map(str, paths.simulator_dirs()), str(umqtt.fetch())])
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    shown = locate(result.stdout + result.stderr)
    path, line = re.findall(r'File "(edgenode/\S+)", line (\d+)', shown)[-1]
    assert path == "edgenode/app.py"
    assert sources[path].split("\n")[int(line) - 1].endswith("= parts")
