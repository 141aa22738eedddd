"""Forecasts of many series: what costs time is done once a day and on all processors."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from edgewise.cluster import Each
from edgewise.errors import InputError, OutsideError
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.models import AUTO_ETS, NAIVE, PROPHET, check_installed
from edgewise.forecast.rolling import Choice, Outlook, choose, compare, is_long_enough, outlook

__all__ = ["PROPHET_MODES", "Known", "outlooks"]

PROPHET_MODES = ("auto", "always", "never")
TRIES = 40  # series of a run in which Prophet competes: it takes as long as all else together
_AGAIN_S, _AGAIN_LARGE_S = 86400, 7 * 86400  # after a try that Prophet lost
_FEW = 8  # series whose choice takes less than to start processes
_CHUNK = 4
_QUICK = (NAIVE, AUTO_ETS)
Known = Mapping[tuple[str, str], Choice]  # by node and channel


@dataclass(frozen=True)
class _Task:
    series: Hourly
    choice: Choice | None
    models: tuple[str, ...]  # that compete for a new choice
    now_s: float
    tries_prophet: bool  # even while the choice holds


def outlooks(
    all_series: Iterable[Hourly],
    choices: Known,
    now_s: float,
    prophet: str = "auto",
    each: Each | None = None,
) -> Iterator[Outlook | str]:
    """The outlook of each series, or why there is none; in no order.

    ``choices``: those of earlier runs, used while they hold. ``prophet``: of PROPHET_MODES.
    ``each``: does the work [processes of this computer]. OutsideError where a process is ended
    from outside.
    """
    tasks = _plan(list(all_series), choices, now_s, prophet)
    hard = [task for task in tasks if _is_hard(task)]
    if each is None and len(hard) <= _FEW:
        yield from map(_run, tasks)
        return
    yield from (_run(task) for task in tasks if not _is_hard(task))
    if each is not None:
        yield from each(_run, hard)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(os.cpu_count(), spawn, _begin_process)
    try:
        yield from pool.map(_run, hard, chunksize=_CHUNK)
    except BrokenProcessPool as e:
        raise OutsideError(
            "forecast: the system ended a process: check that there is enough memory"
        ) from e
    finally:
        pool.shutdown(cancel_futures=True)


def _plan(all_series: list[Hourly], choices: Known, now_s: float, prophet: str) -> list[_Task]:
    known = [(series, choices.get((series.node, series.channel))) for series in all_series]
    turn = _prophets_turn(known, now_s) if prophet == "auto" else set()
    tasks = []
    for i, (series, choice) in enumerate(known):
        has_won = choice is not None and choice.best.model == PROPHET
        if prophet == "never" and has_won:
            choice = None
        is_missing = choice is not None and all(s.model != PROPHET for s in choice.scores)
        competes = prophet == "always" or i in turn or (prophet == "auto" and has_won)
        models = (*_QUICK, PROPHET) if competes else _QUICK
        tasks.append(_Task(series, choice, models, now_s, competes and (is_missing or i in turn)))
    return tasks


def _prophets_turn(known: list[tuple[Hourly, Choice | None]], now_s: float) -> set[int]:
    # The series where Prophet has not competed for the longest time.
    tried_s = [(choice.prophet_s or 0.0) if choice else 0.0 for _, choice in known]
    again_s = _AGAIN_S if len(known) <= TRIES else _AGAIN_LARGE_S
    waiting = [i for i, at in enumerate(tried_s) if now_s - at >= again_s]
    return set(sorted(waiting, key=tried_s.__getitem__)[:TRIES])


def _is_hard(task: _Task) -> bool:
    if task.choice is not None and task.choice.holds_for(task.series):
        return task.tries_prophet
    return is_long_enough(task.series)


def _begin_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    check_installed()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(task: _Task) -> Outlook | str:
    # One series never stops the others.
    series, choice = task.series, task.choice
    try:
        if choice is None or not choice.holds_for(series):
            tried_s = choice.prophet_s if choice is not None else None
            if PROPHET in task.models:
                tried_s = task.now_s
            choice = replace(choose(series, task.models), prophet_s=tried_s)
        elif task.tries_prophet:
            choice = replace(compare(choice, series, PROPHET), prophet_s=task.now_s)
        return outlook(series, choice)
    except InputError as e:
        return str(e)
    except Exception as e:  # noqa: BLE001 - some of statsforecast's are bare ones
        return f"node {series.node}: its {series.channel} cannot be forecast ({e})"
