"""What the chart shows: ranges until now, zooms, typed periods, and as time passes."""

from __future__ import annotations

import pytest

from edgewise.dashboard.visible_span import OWN, VisibleSpan

DAY_S = 86400.0
NOW_S = 1_700_000_000.0


def span(first_days: float, last_days: float = 0.0, forecast_days: float = 0.0) -> VisibleSpan:
    """Of readings from so many days ago to so many, with a forecast for so many."""
    end = NOW_S + forecast_days * DAY_S if forecast_days else None
    return VisibleSpan((NOW_S - first_days * DAY_S, NOW_S - last_days * DAY_S), end, NOW_S)


def days(made: VisibleSpan) -> tuple[float, float]:
    return (made.first - NOW_S) / DAY_S, (made.last - NOW_S) / DAY_S


@pytest.mark.parametrize(
    ("first_days", "last_days", "name"),
    [
        (0.5, 0, "All"),
        (3, 0, "Day"),
        (9, 2, "Week"),
        (99, 8, "Month"),
        (400, 99, "Year"),
        (900, 500, "All"),
    ],
)
def test_it_begins_with_a_range_that_has_readings(
    first_days: float, last_days: float, name: str
) -> None:
    assert span(first_days, last_days).range == name


def test_a_range_ends_now_or_in_the_forecast() -> None:
    made = span(40)
    assert days(made) == (-1, 0)
    made.show("Week")
    assert days(made) == (-7, 0)
    made.show("All")
    assert days(made) == (-40, 0)
    made = span(40, forecast_days=1)
    assert days(made) == (-1, 0.25)
    made.show("Week")
    assert days(made) == (-7, 1)


def test_a_zoom_keeps_the_axis() -> None:
    made = span(1.5)
    made.show("Year")
    axis = made.axis
    assert axis[0] == NOW_S - 366 * DAY_S
    made.show_shares(50, 75)
    assert made.range == OWN and made.axis == axis
    assert days(made) == (-183, -91.5)
    assert made.shares() == pytest.approx((50, 75))
    made.show("Day")
    assert made.axis == (NOW_S - 1.5 * DAY_S, NOW_S)


def test_a_typed_period_stays_near_the_readings() -> None:
    made = span(10)
    made.show_own(0, 1)
    assert made.first < made.last and made.first == NOW_S - 376 * DAY_S
    made.show_own(NOW_S + DAY_S, NOW_S + 2 * DAY_S)
    assert (made.last, made.first) == (NOW_S, NOW_S - 1)
    made = span(10)
    made.show_own(NOW_S - 20 * DAY_S, NOW_S)
    assert made.axis[0] == made.first == NOW_S - 20 * DAY_S


def test_time_passes() -> None:
    made = span(10)
    made.advance(NOW_S + 100)
    assert (made.first, made.last) == (NOW_S + 100 - DAY_S, NOW_S + 100)
    made.show_own(NOW_S - 5 * DAY_S, NOW_S - 4 * DAY_S)
    made.advance(NOW_S + 200)
    assert days(made) == (-5, -4)  # the past stays where it is
    made.show_own(NOW_S - 5 * DAY_S, NOW_S + 200)
    made.advance(NOW_S + 300)
    assert (made.first, made.last) == (NOW_S - 5 * DAY_S + 100, NOW_S + 300)
