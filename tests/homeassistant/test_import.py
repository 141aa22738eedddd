"""Readings that came late, imported by a server that speaks Home Assistant's protocol."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.broker.mosquitto import free_port
from tests.broker.secured import open_folder
from tests.command import edgewise
from tests.homeassistant.home import TOKEN, FakeHome, run_home
from tests.homeassistant.late_rows import Rows
from tests.shared import LIMIT_S, wait_until

from edgewise.broker.setup import init
from edgewise.cli import ha_import
from edgewise.collector.retention import fold
from edgewise.database import open_db

ENV = {"EDGEWISE_HA_TOKEN": TOKEN}


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path / "a.db")


@pytest.fixture
def home() -> Iterator[FakeHome]:
    with run_home() as server:
        yield server


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ha_import, "_WAITS_S", (0,))


def run(rows: Rows, home: str, *more: str, **env: str) -> subprocess.CompletedProcess[str]:
    arguments = ["ha", "import", "--db", rows.url, "--ha", home, *more]
    return edgewise(*arguments, **(ENV | env))


def iso(start_s: int) -> str:
    return datetime.fromtimestamp(start_s, UTC).isoformat()


def head(entity_id: str, unit: str, unit_class: str | None, **more: Any) -> dict[str, Any]:
    return {
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_of_measurement": unit,
        "mean_type": 1,
        "unit_class": unit_class,
        **more,
    }


def test_what_home_assistant_is_sent(rows: Rows, home: FakeHome) -> None:
    early = rows.add(5, [(20.0, 50.0), (22.0, 40.0), (None, None)])
    rows.add(5, [(21.0, 45.0)], late=0)  # a reading in time counts for its hour too
    rows.add(4, [(10.0, 50.0)], late=0)  # nothing late
    last = rows.add(3, [(5.0, 0.0)])
    rows.add(2, [(None, None)])  # late, but a failed read
    rows.add(2, [(30.0, 30.0)], clock="ahead")
    rows.add(0, [(9.0, 90.0)])  # Home Assistant has not closed this hour
    rows.add(200, [(9.0, 90.0)])  # before --since
    result = run(rows, home.url, "--json")
    assert (result.returncode, result.stderr) == (0, "attic: hours imported: 2\n")
    assert json.loads(result.stdout) == {"imported": {"attic": 2}}
    assert home.logins == [{"type": "auth", "access_token": TOKEN}]
    t, h, dew, absolute = (
        f"sensor.attic_{key}" for key in ("temperature", "humidity", "dew_point", "absolute")
    )
    first, second = {"start": iso(early)}, {"start": iso(last)}
    kind = {"type": "recorder/import_statistics"}
    assert home.messages == [
        {"id": 1, "type": "config/entity_registry/list"},
        {
            "id": 2,
            "type": "recorder/get_statistics_metadata",
            "statistic_ids": [t, h, dew, absolute],
        },
        {"id": 3, **kind, "metadata": head(t, "°C", "temperature")}
        | {
            "stats": [
                {**first, "mean": 21.0, "min": 20.0, "max": 22.0},
                {**second, "mean": 5.0, "min": 5.0, "max": 5.0},
            ]
        },
        {"id": 4, **kind, "metadata": head(h, "%", "unitless")}
        | {
            "stats": [
                {**first, "mean": 45.0, "min": 40.0, "max": 50.0},
                {**second, "mean": 0.0, "min": 0.0, "max": 0.0},
            ]
        },
        {"id": 5, **kind, "metadata": head(dew, "°C", "temperature")}
        | {"stats": [{**first, "mean": 8.545, "min": 7.772, "max": 9.255}]},
        {"id": 6, **kind, "metadata": head(absolute, "g/m³", None)}
        | {
            "stats": [
                {**first, "mean": 8.196, "min": 7.745, "max": 8.621},
                {**second, "mean": 0.0, "min": 0.0, "max": 0.0},
            ]
        },
    ]


def test_an_older_home_assistant_has_other_metadata(rows: Rows) -> None:
    rows.add(3, [(20.0, 50.0)])
    with run_home("2025.10.4") as home:
        assert run(rows, home.url).returncode == 0
    assert home.imports()[0]["metadata"] == {
        "has_mean": True,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": "sensor.attic_temperature",
        "unit_of_measurement": "°C",
    }


def test_the_unit_of_the_recorder_is_kept(rows: Rows, home: FakeHome) -> None:
    rows.add(3, [(20.0, 50.0), (25.0, 50.0)])
    home.entities["edgewise_attic_temperature"] = "sensor.loft"  # renamed by its user
    home.metadata = {
        "sensor.loft": {"statistic_id": "sensor.loft", "name": None}
        | {"statistics_unit_of_measurement": "°F", "unit_class": "temperature"},
        "sensor.attic_humidity": {"statistic_id": "sensor.attic_humidity"}
        | {"statistics_unit_of_measurement": "furlong", "unit_class": None},
    }
    result = run(rows, home.url)
    assert result.returncode == 0
    assert "left out: attic: humidity: its statistics have another unit" in result.stderr
    sent = {m["metadata"]["statistic_id"]: m for m in home.imports()}
    assert sent["sensor.loft"]["metadata"] == head("sensor.loft", "°F", "temperature")
    (stats,) = sent["sensor.loft"]["stats"]
    assert (stats["min"], stats["mean"], stats["max"]) == (68.0, 72.5, 77.0)
    assert "sensor.attic_humidity" not in sent


def test_what_was_imported_is_not_sent_again(rows: Rows, home: FakeHome) -> None:
    rows.add(5, [(20.0, 50.0)])
    changed = rows.add(4, [(20.0, 50.0)])
    assert run(rows, home.url).returncode == 0
    home.messages.clear()
    result = run(rows, home.url, "--json")
    assert (result.returncode, result.stderr) == (0, "no new late readings\n")
    assert (json.loads(result.stdout), home.imports()) == ({"imported": {"attic": 0}}, [])
    rows.add(4, [(30.0, 50.0)])  # one more reading of the hour comes still later
    assert run(rows, home.url).returncode == 0
    (stats,) = home.imports()[0]["stats"]
    assert stats == {"start": iso(changed), "mean": 25.0, "min": 20.0, "max": 30.0}
    home.messages.clear()
    assert run(rows, home.url, "--again").returncode == 0
    assert len(home.imports()[0]["stats"]) == 2
    with run_home() as other:  # another house has nothing yet
        assert run(rows, other.url).returncode == 0
    assert len(other.imports()[0]["stats"]) == 2


def test_what_is_left_of_a_folded_hour_is_not_sent(rows: Rows, home: FakeHome) -> None:
    old = rows.add(50, [(20.0, 50.0), (22.0, 50.0)], late=0)
    whole = rows.add(49, [(20.0, 50.0)])
    for _ in fold(open_db(rows.url), 50 * 3600 - 3600, now_s=old + 50 * 3600):
        pass
    rows.add(50, [(30.0, 50.0)])
    assert run(rows, home.url).returncode == 0
    assert [stats["start"] for stats in home.imports()[0]["stats"]] == [iso(whole)]


def test_what_home_assistant_refused_is_sent_again(rows: Rows, home: FakeHome) -> None:
    rows.add(3, [(20.0, 50.0)])
    home.error = {"code": "unauthorized", "message": "Unauthorized"}
    result = run(rows, home.url)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "make the token as an administrator" in result.stderr
    home.error = {"code": "home_assistant_error", "message": "Invalid\x1b[2J unit"}
    result = run(rows, home.url)
    assert "recorder/import_statistics: Invalid" in result.stderr and "\x1b" not in result.stderr
    home.error = None
    home.messages.clear()
    assert run(rows, home.url).returncode == 0
    assert len(home.imports()) == 4


def test_a_lost_connection_is_tried_again(rows: Rows, home: FakeHome) -> None:
    rows.add(3, [(20.0, 50.0)])
    home.drops = 1
    result = run(rows, home.url)
    assert result.returncode == 0, result.stderr
    assert "the connection is lost: check that it runs; next try in 0 s" in result.stderr
    home.drops = 9
    rows.add(4, [(20.0, 50.0)])
    result = run(rows, home.url)
    assert (result.returncode, len(home.imports())) == (1, 4)


def test_nodes_that_home_assistant_does_not_have(rows: Rows, home: FakeHome) -> None:
    rows.add(3, [(20.0, 50.0)], node="shed")
    result = run(rows, home.url)
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == (
        "left out: node shed: Home Assistant has no sensor of it: run: edgewise ha publish"
    )
    rows.add(3, [(20.0, 50.0)], node="cellar")
    rows.add(3, [(20.0, 50.0)])
    result = run(rows, home.url, "--json")
    assert json.loads(result.stdout) == {"imported": {"attic": 1, "cellar": 1}}
    rows.add(4, [(20.0, 50.0)], node="cellar")
    rows.add(4, [(20.0, 50.0)])
    result = run(rows, home.url, "--json", "--node", "cellar")
    assert json.loads(result.stdout) == {"imported": {"cellar": 1}}


def test_tls_is_checked(rows: Rows) -> None:
    rows.add(3, [(20.0, 50.0)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with open_folder() as parent:
        for name in ("b", "other"):
            init(parent / name, ["localhost"], ["attic"])
        ca, other_ca = (str(parent / name / "ca.pem") for name in ("b", "other"))
        context.load_cert_chain(parent / "b/server.pem", parent / "b/server.key")
        with run_home(tls=context) as home:
            with run_home(tls=context, host="127.0.0.2") as other_name:
                for arguments in (
                    [home.url],
                    [home.url, "--ca", other_ca],
                    [other_name.url, "--ca", ca],
                ):
                    result = run(rows, *arguments)
                    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
                    assert "its certificate is refused" in result.stderr
            assert not home.logins + other_name.logins  # nobody saw the token
            browser = home.url.replace("wss", "https") + "/"
            assert run(rows, browser, "--ca", ca).returncode == 0
    assert len(home.imports()) == 4


def test_the_token_and_its_file(rows: Rows, home: FakeHome, tmp_path: Path) -> None:
    rows.add(3, [(20.0, 50.0)])
    result = run(rows, home.url, EDGEWISE_HA_TOKEN="wrong")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "the token is refused" in result.stderr and "wrong" not in result.stderr
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o644)
    result = run(rows, home.url, "--token-file", str(file), EDGEWISE_HA_TOKEN="wrong")
    assert (result.returncode, "chmod 600" in result.stderr) == (2, True)
    file.chmod(0o600)
    result = run(rows, home.url, "--token-file", str(file), EDGEWISE_HA_TOKEN="wrong")
    assert result.returncode == 0
    file.write_text("two\nlines\n")
    assert run(rows, home.url, "--token-file", str(file)).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "env", "text"),
    [
        (["--ha", "mqtt://pi"], ENV, "--ha: not an address: write ws://host:8123"),
        (["--ha", "ws://a:b@pi"], ENV, "--ha: leave user and password out"),
        (["--ha", "ws://pi:99999"], ENV, "--ha: not an address"),
        (["--ha", "ws://pi/?x=1"], ENV, "leave out what follows the path"),
        (["--ha", "ws://pi", "--ca", "ca.pem"], ENV, "--ca is for TLS: write wss://"),
        (["--ha", "wss://pi", "--ca", "none.pem"], ENV, "--ca none.pem: no certificate"),
        (["--ha", "ws://pi", "--since", "7"], ENV, "write a time such as 36h"),
        (["--ha", "ws://pi"], {"EDGEWISE_HA_TOKEN": ""}, "no token: make one"),
        (["--ha", "ws://pi"], {"EDGEWISE_HA_TOKEN": "a b"}, "one line with the token"),
    ],
)
def test_wrong_use(arguments: list[str], env: dict[str, str], text: str, tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path / 'none.db'}"
    result = edgewise("ha", "import", "--db", db, *arguments, **env)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert text in result.stderr
    assert not (tmp_path / "none.db").exists()


def test_nobody_is_there(rows: Rows) -> None:
    rows.add(3, [(20.0, 50.0)])
    result = run(rows, f"ws://localhost:{free_port()}")
    assert result.returncode == 1
    assert "check the address and that it runs" in result.stderr.splitlines()[-1]


def test_stay_ends_with_a_signal(rows: Rows, home: FakeHome) -> None:
    rows.add(3, [(20.0, 50.0)])
    command = [sys.executable, "-m", "edgewise.cli.main", "ha", "import", "--stay"]
    command += ["--db", rows.url, "--ha", home.url]
    with subprocess.Popen(command, env=os.environ | ENV) as process:
        wait_until(lambda: len(home.imports()) == 4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
