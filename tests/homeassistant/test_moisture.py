"""Dew point, absolute humidity and the risk of mould, as Home Assistant computes them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.homeassistant.templates import TEMPLATES

from edgenode.core.moisture import ABSOLUTE_MAX, DEW_MIN_DC, absolute_dg, dew_point_dc
from edgewise.homeassistant.moisture import absolute_g_m3, dew_point_c, moisture_sensors


def render(key: str, t: float | None, h: float | None, **options: float) -> str:
    template = moisture_sensors("n/state", **options)[key]["value_template"]
    return TEMPLATES.from_string(template).render(value_json={"t": t, "h": h})


# dew points and g/m3 of 6.112 exp(17.62 t / (243.12 + t)) hPa, computed by hand
@pytest.mark.parametrize(
    ("t", "h", "dew_point", "absolute"),
    [
        (20.0, 50.0, "9.3", "8.6"),
        (20.0, 100.0, "20.0", "17.2"),
        (0.0, 100.0, "0.0", "4.8"),
        (-10.0, 80.0, "-12.8", "1.9"),
        (30.0, 70.0, "23.9", "21.2"),
        (20.0, 0.0, "None", "0.0"),  # dry air has no dew point
        (None, None, "None", "None"),
    ],
)
def test_known_values(t: float | None, h: float | None, dew_point: str, absolute: str) -> None:
    assert render("dew_point", t, h) == dew_point
    assert render("absolute", t, h) == absolute


def test_they_agree_with_the_features_of_the_node() -> None:
    for t_dc, h_pm in itertools.product(range(-400, 801, 75), range(50, 1001, 95)):
        t, h = t_dc / 10, h_pm / 10
        if (on_node := dew_point_dc(t_dc, h_pm)) > DEW_MIN_DC:
            assert abs(float(render("dew_point", t, h)) - on_node / 10) < 0.25, (t, h)
        if (on_node := absolute_dg(t_dc, h_pm)) < ABSOLUTE_MAX:
            assert abs(float(render("absolute", t, h)) - on_node / 10) < 0.25, (t, h)


def test_what_is_imported_is_what_the_templates_say() -> None:
    t, h = np.meshgrid(np.arange(-40, 80.1, 7.3), np.arange(1, 100.1, 9.9))
    pairs = zip(t.flat, h.flat, dew_point_c(t, h).flat, absolute_g_m3(t, h).flat, strict=True)
    for t_c, h_pct, dew_point, absolute in pairs:
        assert abs(float(render("dew_point", t_c, h_pct)) - dew_point) <= 0.0501
        assert abs(float(render("absolute", t_c, h_pct)) - absolute) <= 0.0501


def test_the_dew_point_in_fahrenheit() -> None:
    assert render("dew_point", 20.0, 50.0, fahrenheit=True) == "48.7"
    assert moisture_sensors("n/state", True)["dew_point"]["unit_of_measurement"] == "°F"


# Hukka and Viitanen: the critical humidity is 80 % above 20 C, 80.04 at 20 C, 88.02 at 5 C
@pytest.mark.parametrize(
    ("t", "h", "colder_k", "percent"),
    [
        (25.0, 80.0, 0, "100"),
        (20.0, 80.04, 0, "100"),
        (5.0, 88.02, 0, "100"),
        (5.0, 44.01, 0, "50"),
        (23.0, 66.4, 3, "100"),  # 80 % where it is 20 C
        (20.0, 50.0, 3, "75"),
        (20.0, 50.0, 10, "116"),  # 50 x 23.33 / 12.26 = 95.1, of 82.03
        (20.0, 95.0, 3, "125"),  # water on the surface: 100, of 79.91
        (3.0, 90.0, 3, "0"),  # ice
        (60.0, 90.0, 3, "0"),
        (None, None, 3, "None"),
    ],
)
def test_the_risk_of_mould(
    t: float | None, h: float | None, colder_k: float, percent: str
) -> None:
    assert render("mould", t, h, colder_k=colder_k) == percent
