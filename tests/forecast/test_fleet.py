"""Many nodes: one bad series never stops the others, and what is slow is done once a day."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import threading
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from tests.command import edgewise
from tests.counts import WHOLE
from tests.forecast.days import DAY, make_hourly, rows
from tests.forecast.fleet import DAY_S, START_S, fill
from tests.shared import wait_until

from edgewise.database import open_db
from edgewise.database.schema import forecast, forecast_choice, reading
from edgewise.errors import OutsideError
from edgewise.forecast import fleet, outlooks, rolling
from edgewise.forecast.fleet import PROPHET
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.rolling import Choice, Outlook
from edgewise.forecast.store import read_choices, save


def series_of(name: str, values: Hourly, **changes: object) -> Hourly:
    return replace(values, node=name, **changes)


def part(series: Hourly, hours: int) -> Hourly:
    return replace(series, ts=series.ts[:hours], y=series.y[:hours])


def without_prophet(
    all_series: list[Hourly], known: fleet.Known, mode: str = "never"
) -> dict[str, Outlook | str]:
    results = outlooks(all_series, known, 1e9, mode)
    return {r if isinstance(r, str) else r.series.node: r for r in results}


def test_a_bad_series_is_named_and_the_others_get_their_forecast() -> None:
    good = make_hourly(5, noise=0.3)
    gaps = good.y.copy()
    gaps[60:70] = np.nan
    bad = [
        series_of("constant", good, y=np.full_like(good.y, 20.0)),
        series_of("zero", good, y=np.zeros_like(good.y)),
        series_of("gaps", good, y=gaps),
        series_of("nothing", good, y=np.full_like(good.y, np.nan)),
        part(series_of("young", good), 30),
    ]
    results = without_prophet([*bad, series_of("good", good)], {})
    made = {name for name, result in results.items() if isinstance(result, Outlook)}
    assert made == {"constant", "zero", "gaps", "good"}
    left_out = sorted(text.split(":")[0] for text in set(results) - made)
    assert left_out == ["node nothing", "node young"]
    for name in made:
        result = results[name]
        assert isinstance(result, Outlook) and np.isfinite(result.ahead.upper).all()


def test_a_choice_holds_until_a_day_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_hourly(11, noise=0.3, step=0.2)
    first = without_prophet([part(whole, 9 * DAY + 5)], {})["n"]
    assert isinstance(first, Outlook)
    known = {("n", "t"): first.choice}
    with monkeypatch.context() as patch:
        patch.setattr(fleet, "choose", lambda *_: pytest.fail("the day is not over"))
        same_day = without_prophet([part(whole, 9 * DAY + 22)], known)["n"]
    assert isinstance(same_day, Outlook) and same_day.choice == first.choice
    assert same_day.ahead.ts[0] == whole.ts[9 * DAY + 22]
    next_day = without_prophet([part(whole, 10 * DAY + 1)], known)["n"]
    assert isinstance(next_day, Outlook)
    assert next_day.choice.last_s > first.choice.last_s


def test_no_process_is_started_for_young_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "ProcessPoolExecutor", lambda *_: pytest.fail("not for these"))
    young = [series_of(f"n{i}", make_hourly(2)) for i in range(20)]
    assert all(isinstance(result, str) for result in outlooks(young, {}, 0.0))


def test_a_kept_fit_forecasts_as_a_new_one(tmp_path: Path) -> None:
    series = make_hourly(9, noise=0.3, step=0.4)
    outlook = without_prophet([series], {})["n"]
    assert isinstance(outlook, Outlook) and outlook.best.model == "AutoETS"
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    save(engine, [outlook], [], 1.0)
    known = read_choices(engine)
    again = without_prophet([series], known)["n"]
    assert isinstance(again, Outlook)
    for name in ("yhat", "lower", "upper"):
        np.testing.assert_array_equal(getattr(again.ahead, name), getattr(outlook.ahead, name))
    with engine.begin() as connection:
        connection.execute(forecast_choice.update().values(choice='{"scores": []}'))
    assert read_choices(engine) == {}
    engine.dispose()


class Prophets:
    """Counts where Prophet competes, and lets it win where ``wins`` says so."""

    def __init__(self, patch: pytest.MonkeyPatch, wins: frozenset[str] = frozenset()) -> None:
        self.nodes: list[str] = []
        real = rolling._backtest

        def backtest(series: Hourly, name: str, *rest: object) -> rolling.Score:
            if name != PROPHET:
                return real(series, name, *rest)
            if series.node not in self.nodes:
                self.nodes.append(series.node)
            score = real(series, "SeasonalNaive", *rest)
            gain = 1.0 if series.node in wins else -1.0
            return replace(score, model=PROPHET, a_forecast=score.a_forecast + gain)

        patch.setattr(rolling, "_backtest", backtest)
        patch.setitem(rolling.MODELS, PROPHET, rolling.MODELS["SeasonalNaive"])


def run(
    all_series: list[Hourly],
    known: dict[tuple[str, str], Choice],
    now_s: float,
    mode: str = "auto",
) -> None:
    for result in outlooks(all_series, known, now_s, mode):
        assert isinstance(result, Outlook)
        known[result.series.node, result.series.channel] = result.choice


def test_prophet_competes_in_turns_and_daily_where_it_won(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet, "TRIES", 2)
    monkeypatch.setattr(fleet, "_FEW", 100)
    whole = make_hourly(8, noise=0.2)
    fleet_of_5 = [series_of(f"n{i}", whole) for i in range(5)]
    early = [part(series, 6 * DAY + 3) for series in fleet_of_5]
    prophets = Prophets(monkeypatch, wins=frozenset({"n0"}))
    known: dict[tuple[str, str], Choice] = {}
    turns = []
    for now_s in (1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3):
        prophets.nodes.clear()
        run(early, known, now_s)
        turns.append(list(prophets.nodes))
    assert turns == [["n0", "n1"], ["n2", "n3"], ["n4"], []]
    assert known["n0", "t"].best.model == PROPHET
    prophets.nodes.clear()
    run([part(series, 7 * DAY + 1) for series in fleet_of_5], known, 1e9 + 86400)
    assert prophets.nodes == ["n0"]
    prophets.nodes.clear()
    run(fleet_of_5, known, 1e9 + 2 * 86400, "never")
    assert prophets.nodes == [] and known["n0", "t"].best.model != PROPHET
    run(fleet_of_5, known, 1e9 + 2 * 86400, "always")
    assert sorted(prophets.nodes) == [f"n{i}" for i in range(5)]


@pytest.mark.skipif(not WHOLE, reason="seconds to import the forecasters: make test-all")
def test_a_fleet_is_forecast_by_processes_and_again_within_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, days = 50, 28
    url = f"sqlite:///{tmp_path / 'a.db'}"
    end_s = START_S + days * DAY_S - DAY_S // 2
    fill(url, nodes, START_S, end_s, 1800)
    monkeypatch.setattr(fleet, "_FEW", 4)
    arguments = ("forecast", "--db", url, "--prophet", "never", "--json")
    first = edgewise(*arguments)
    assert first.returncode == 0, first.stderr
    assert "left out: node room0005" in first.stderr
    forecasts = json.loads(first.stdout)["forecasts"]
    assert len(forecasts) == 2 * (nodes - 1)
    assert [f["node"] for f in forecasts] == sorted(f["node"] for f in forecasts)
    assert json.loads(edgewise(*arguments).stdout)["forecasts"] == forecasts
    engine = open_db(url)
    with engine.connect() as connection:
        stored = connection.execute(select(forecast)).all()
        assert len(connection.execute(select(forecast_choice)).all()) == len(forecasts)
    assert len(stored) == DAY * len(forecasts)
    engine.dispose()


def test_a_large_fleet_is_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.cli.forecast._SHOWN_MAX", 2)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    with engine.begin() as connection:
        for name in ("a", "b"):
            connection.execute(reading.insert(), rows(name, 3, 3600))
    engine.dispose()
    result = edgewise("forecast", "--db", url, "--prophet", "never")
    assert "2 more forecasts, all of them with --json" in result.stderr
    assert "4 forecasts: SeasonalNaive for 4; median of the mean errors 0.00 C" in result.stderr


def end_a_process(others: set[BaseProcess]) -> None:
    def started() -> list[BaseProcess]:
        return [p for p in multiprocessing.active_children() if p not in others]

    wait_until(started)[0].kill()


def test_a_process_that_is_ended_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "_FEW", 0)
    others = set(multiprocessing.active_children())  # of the libraries of other tests
    killer = threading.Thread(target=end_a_process, args=(others,))
    killer.start()
    with pytest.raises(OutsideError, match="check that there is enough memory"):
        list(outlooks([make_hourly(4)] * 4, {}, 0.0, "never"))
    killer.join()


def test_an_unknown_mode_is_one_line(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").close()
    result = edgewise("forecast", "--db", f"sqlite:///{tmp_path}/a.db", "--prophet", "sometimes")
    assert result.returncode == 2
    assert result.stderr == "error: --prophet sometimes: write auto, always, never\n"
