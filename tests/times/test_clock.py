"""A clock in any zone, over both changes of summer time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from edgewise.errors import InputError
from edgewise.times import LOCAL, Clock, find_zone, iso, long_duration, short_duration

BERLIN = Clock(find_zone("Europe/Berlin"))
KOLKATA = Clock(find_zone("Asia/Kolkata"))
UTC_CLOCK = Clock(UTC)


def utc(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2025-03-30 00:59", "2025-03-30 01:59"),
        ("2025-03-30 01:00", "2025-03-30 03:00"),
        ("2025-10-26 00:30", "2025-10-26 02:30 +02:00"),
        ("2025-10-26 01:30", "2025-10-26 02:30 +01:00"),
        ("2025-10-26 02:00:07", "2025-10-26 03:00:07"),
    ],
)
def test_what_is_shown_can_be_typed(moment: str, shown: str) -> None:
    assert BERLIN.format_field(utc(moment)) == shown
    assert BERLIN.parse(shown) == utc(moment)
    assert BERLIN.text(utc(moment)).endswith(shown[11:16] + shown[16:] * (" " in shown[16:]))


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("2025-01-05 10:00", "2025-01-05 10:30", "05 Jan 2025 11:00 to 11:30"),
        ("2025-01-05 22:30", "2025-01-05 23:00", "05 Jan 2025 23:30 to 06 Jan 2025 00:00"),
        # 02:30 comes twice
        ("2025-10-26 00:30", "2025-10-26 01:30", "26 Oct 2025 02:30 +02:00 to 02:30 +01:00"),
    ],
)
def test_a_span_names_a_day_once(first: str, last: str, shown: str) -> None:
    assert BERLIN.span(utc(first), utc(last)) == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2025-03-30 02:30", "skips it at the start of summer time"),
        ("2025-10-26 02:30", r"comes twice: add its offset, \+02:00 or \+01:00"),
        ("24.11.2025 07:15", "not a time: write it as 2026-11-24 07:15"),
        ("2025-02-30 07:15", "not a time"),
        ("2025-02-28 24:15", "not a time"),
        ("2025-02-28 07:15 +99:00", "not a time"),
        ("", "not a time"),
    ],
)
def test_what_is_no_time_is_said(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        BERLIN.parse(text)


def test_times_with_an_offset() -> None:
    for text in ("2025-11-24T07:15Z", "2025-11-24 07:15 UTC", "2025-11-24 12:45 +05:30"):
        assert BERLIN.parse(text) == utc("2025-11-24 07:15")
    assert BERLIN.parse("2025-11-24 9:15:00 +2:00") == utc("2025-11-24 07:15")
    assert KOLKATA.parse("2025-11-24 7:15") == utc("2025-11-24 01:45")


def test_the_year_is_there_where_it_is_another() -> None:
    assert UTC_CLOCK.text(utc("2015-02-04 07:15")) == "04 Feb 2015 07:15"
    assert UTC_CLOCK.text(time.time()) == time.strftime("%d %b %H:%M", time.gmtime())


def test_stored_times_and_days_are_told_on_the_clock() -> None:
    near = utc("2025-12-31 20:00")
    text = "t>28 expected at 01 Jan 00:30 UTC"
    assert BERLIN.localize(text, near) == "t>28 expected at 01 Jan 2026 01:30 CET".replace(
        " 2026" if time.gmtime().tm_year == 2026 else "", ""
    )
    remark = "did not change for 4.8 h on 24 Nov (UTC): cut the supply"
    near = utc("2015-11-24 00:00")
    assert UTC_CLOCK.localize(remark, near) == remark.replace(" (UTC)", "")
    assert "from 24 Nov 2015 05:30 to 25 Nov 2015 05:30 IST:" in KOLKATA.localize(remark, near)
    assert BERLIN.localize("on 99 Foo 07:15 UTC", near) == "on 99 Foo 07:15 UTC"


def test_the_offsets_of_a_year() -> None:
    changes = BERLIN.changes(utc("2025-01-01 00:00"), utc("2026-01-01 00:00"))
    assert changes == [
        (utc("2025-01-01 00:00"), 3600),
        (utc("2025-03-30 01:00"), 7200),
        (utc("2025-10-26 01:00"), 3600),
    ]
    assert KOLKATA.changes(0, 86400) == [(0, 19800)]


def test_local_is_the_zone_of_the_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert LOCAL.with_zone(utc("2015-07-04 12:00")) == "04 Jul 2015 08:00 EDT"
        assert LOCAL.format_full(utc("2015-01-04 12:00")) == "2015-01-04 07:00:00 EST"
        assert LOCAL.localize_iso("2015-01-04T12:00:00Z") == "2015-01-04 07:00:00 EST"
        assert LOCAL.localize_iso("0000-01-01T00:00:00Z") == "0000-01-01T00:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_durations_in_words() -> None:
    assert [short_duration(s) for s in (0, 119, 120, 7200, 3 * 86400)] == [
        "0 s",
        "119 s",
        "2 min",
        "2 h",
        "3 d",
    ]
    assert long_duration(3 * 86400 + 4 * 3600 + 59) == "3 days 4 hours"
    assert [long_duration(s) for s in (0, 61, 3600, 86400 + 7)] == [
        "0 seconds",
        "1 minute 1 second",
        "1 hour",
        "1 day",
    ]


def test_files_are_in_utc() -> None:
    assert iso(1_700_000_000) == "2023-11-14T22:13:20Z"
    assert iso(0.5) == "1970-01-01T00:00:00.500000Z"
