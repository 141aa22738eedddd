"""The data sets: the real downloader against a server on loopback, and every way round it."""

import csv
import hashlib
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edgewise.errors import InputError, OutsideError
from edgewise.logs import public, synthetic
from edgewise.logs.log import read_log

FILES = {"train": "datatraining.txt", "test1": "datatest.txt", "test2": "datatest2.txt"}
CLOSED = "http://127.0.0.1:9/"  # the discard port: nobody listens


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EDGEWISE_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return cache


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    root = tmp_path / "www"
    root.mkdir()
    handler = partial(_QuietHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield root, f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join(5)


def publish(root: Path, log: Path) -> dict[str, str]:
    """Write the log in the author's form; return the checksums."""
    with log.open() as text:
        rows = list(csv.DictReader(text))
    for split, name in FILES.items():
        lines = ['"date","Temperature","Humidity","Light","CO2","HumidityRatio","Occupancy"']
        for i, row in enumerate(r for r in rows if r["split"] == split):
            values = f"{row['temp_c']},{row['rh']},426,721.25,0.00479,{row['occupied']}"
            lines.append(f'"{i + 1}","{row["time"]}",{values}')
        (root / name).write_text("\n".join(lines) + "\n")
    return {n: hashlib.sha256((root / n).read_bytes()).hexdigest() for n in FILES.values()}


def write_synthetic(folder: Path) -> Path:
    path = folder / "generated.csv"
    with path.open("w", newline="") as text:
        out = csv.writer(text, lineterminator="\n")
        out.writerow(synthetic.HEADER)
        out.writerows(synthetic.occupancy_rows())
    return path


def list_files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


@pytest.mark.data
def test_download(cache: Path, real_data: Path, server: tuple[Path, str]) -> None:
    root, url = server
    sums = publish(root, real_data)
    lines: list[str] = []
    dataset = public.get(base_url=url, raw_sha256=sums, say=lines.append)
    assert (dataset.synthetic, dataset.source) == (False, url)
    assert dataset.path.read_bytes() == real_data.read_bytes()
    assert list_files(cache) == ["uci_occupancy_th.csv"]
    assert any("CC BY 4.0" in line for line in lines)
    cached_dataset = public.get(base_url=CLOSED, say=lines.append)  # nobody is asked
    assert (cached_dataset.path, cached_dataset.source) == (dataset.path, "the cache")


@pytest.mark.data
def test_a_cut_cache_is_loaded_again(
    cache: Path, real_data: Path, server: tuple[Path, str]
) -> None:
    root, url = server
    path = cache / "data" / "uci_occupancy_th.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(real_data.read_bytes()[:-1])
    dataset = public.get(base_url=url, raw_sha256=publish(root, real_data), say=lambda text: None)
    assert dataset.path.read_bytes() == real_data.read_bytes()


@pytest.mark.data
def test_real_log_reads(real_data: Path) -> None:
    log = read_log(real_data, label="occupied", split="split")
    assert (len(log), log.period_ms, log.valid.all()) == (20560, 60000, True)
    assert [len(rows) for rows in log.series()] == [8143, 12417]


@pytest.mark.parametrize("published", [False, True])
def test_other_bytes_are_refused(
    cache: Path, tmp_path: Path, server: tuple[Path, str], published: bool
) -> None:
    root, url = server
    sums: Mapping[str, str] = publish(root, write_synthetic(tmp_path))
    if not published:
        sums = public.RAW_SHA256
    with pytest.raises(OutsideError) as error:
        public.get(base_url=url, raw_sha256=sums, say=lambda text: None)
    message = str(error.value)
    assert message.endswith("set EDGEWISE_DATA")
    assert ("checksum" in message) is not published
    assert list_files(cache) == []


def test_nobody_there_gives_a_synthetic_log(cache: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    dataset = public.get(base_url=CLOSED, say=lines.append)
    assert dataset.synthetic
    assert "SYNTHETIC" in dataset.path.name
    assert "SYNTHETIC" in dataset.source
    assert "cannot download" in lines[1]
    assert "SYNTHETIC" in lines[2]
    assert "SYNTHETIC" in dataset.path.read_text().splitlines()[1]
    log = read_log(dataset.path, label="occupied", split="split")
    assert len(log) == 20560
    assert [int((log.extra["split"] == s).sum()) for s in FILES] == [8143, 2665, 9752]
    copy = public.get(out=tmp_path, base_url=CLOSED, say=lines.append)
    assert copy.path == tmp_path / "SYNTHETIC_occupancy.csv"
    assert copy.path.read_bytes() == dataset.path.read_bytes()


def test_people_warm_and_moisten_the_synthetic_room() -> None:
    rows = list(synthetic.occupancy_rows(seed=1))
    assert rows == list(synthetic.occupancy_rows(seed=1))
    assert rows != list(synthetic.occupancy_rows(seed=2))
    for column, difference in ((2, 0.7), (3, 1.0)):
        mean = {
            occupied: sum(values) / len(values)
            for occupied in "01"
            for values in [[float(r[column]) for r in rows if r[4] == occupied]]
        }
        assert mean["1"] - mean["0"] > difference
    assert 0.1 < sum(r[4] == "1" for r in rows) / len(rows) < 0.4


@pytest.mark.data
def test_folder(
    cache: Path, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_DATA", str(real_data))
    assert public.get(base_url=CLOSED).path == real_data
    monkeypatch.setenv("EDGEWISE_DATA", str(real_data.parent))
    dataset = public.get(out=tmp_path / "mine.csv", base_url=CLOSED)
    assert (dataset.path, dataset.synthetic) == (tmp_path / "mine.csv", False)
    assert dataset.path.read_bytes() == real_data.read_bytes()
    assert not cache.exists()


def test_folder_without_the_file(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_DATA", str(tmp_path))
    with pytest.raises(InputError) as error:
        public.get(base_url=CLOSED)
    assert str(error.value) == (
        f"EDGEWISE_DATA={tmp_path}: holds no uci_occupancy/uci_occupancy_th.csv: "
        "name the folder that does, or unset it to download"
    )
    (tmp_path / "uci_occupancy_th.csv").write_text("other")
    with pytest.raises(InputError, match="is not the published file: replace or remove it"):
        public.get(base_url=CLOSED)


def test_unknown_name_and_bad_places(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set 'x': there is occupancy"):
        public.get("x")
    with pytest.raises(InputError, match="cannot be written"):
        public.get(out=tmp_path / "none" / "x.csv", base_url=CLOSED, say=lambda text: None)
    cache.rename(tmp_path / "gone")
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutsideError, match="EDGEWISE_CACHE"):
        public.get(base_url=CLOSED)


def test_the_classes_have_names(real_data: Path) -> None:
    log = read_log(real_data, "occupied", split="split")
    named_log = public.name_classes(log)
    assert named_log.label is not None and log.label is not None
    assert set(zip(log.label, named_log.label, strict=True)) == {("0", "empty"), ("1", "occupied")}
