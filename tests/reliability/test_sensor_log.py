"""The checks of the sensor on a real log of a DHT22 and two DHT11."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgewise.errors import InputError
from edgewise.reliability import sensor_log


@pytest.mark.data
def test_good_readings_pass_and_faults_do_not() -> None:
    data = os.environ.get("EDGEWISE_DATA")
    path = Path(data or "none") / "dht_geosensorweb" / "dht22_dht11_10h.csv"
    if not path.is_file():
        pytest.skip("no real log of three sensors: set EDGEWISE_DATA")
    for log in sensor_log.read(path):
        figures = sensor_log.figures(log)
        assert figures.total == 6243
        assert figures.r_noise == 1 - (figures.failed + figures.refused) / figures.total
        assert figures.refused == 0
        # a spike right after a gap is where the checks start
        assert figures.collateral < 0.001
        assert figures.caught["bogus"] == figures.caught["checksum"] == 1
        assert figures.caught["spike"] > 0.99


def test_a_log_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("time,a\n2026-01-01,1\n")
    with pytest.raises(InputError, match="not a log of dht22, dht11a, dht11b"):
        sensor_log.read(path)
    with pytest.raises(InputError, match="cannot be read"):
        sensor_log.read(tmp_path / "none.csv")
