"""Stores forecasts in the database, for the dashboard, and what the next run need not redo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, delete, insert, select

from edgewise.database.schema import forecast, forecast_choice
from edgewise.forecast.gaps import DAY
from edgewise.forecast.limits import Limit, note
from edgewise.forecast.models import MODELS, Ets
from edgewise.forecast.rolling import Choice, Outlook, Score

__all__ = ["read_choices", "save"]

Floats = NDArray[np.float64]


def save(
    engine: Engine, outlooks: Sequence[Outlook], limits: Sequence[Limit], made_at: float
) -> list[tuple[str, str]]:
    """Write the next days into ``forecast``, the choices, and crossed limits into ``event``.

    Forecasts of past hours stay, for A_forecast. Returns node and text of each new event.
    """
    new_events = []
    with engine.begin() as connection:
        for outlook in outlooks:
            same = (
                forecast.c.node == outlook.series.node,
                forecast.c.channel == outlook.series.channel,
            )
            first_s = float(outlook.ahead.ts[0])
            connection.execute(delete(forecast).where(*same, forecast.c.ts >= first_s))
            connection.execute(insert(forecast), _rows(outlook, made_at))
            choice, chosen = forecast_choice, _choice_row(outlook)
            key = choice.c.node == chosen["node"], choice.c.channel == chosen["channel"]
            connection.execute(delete(choice).where(*key))
            connection.execute(insert(choice).values(chosen))
            for limit in limits:
                if limit.channel == outlook.series.channel:
                    text = note(connection, outlook, limit, made_at)
                    new_events += [(outlook.series.node, text)] if text else []
    return new_events


def _rows(outlook: Outlook, made_at: float) -> list[dict[str, object]]:
    ahead = outlook.ahead
    values = zip(
        *(a.tolist() for a in (ahead.ts, ahead.yhat, ahead.lower, ahead.upper)), strict=True
    )
    return [
        {
            "node": outlook.series.node,
            "channel": outlook.series.channel,
            "ts": ts,
            "yhat": yhat,
            "lower": lower,
            "upper": upper,
            "model": outlook.best.model,
            "made_at": made_at,
        }
        for ts, yhat, lower, upper in values
    ]


def read_choices(engine: Engine) -> dict[tuple[str, str], Choice]:
    """The choices of earlier runs by node and channel; one that cannot be read is left out."""
    choices = {}
    with engine.connect() as connection:
        for row in connection.execute(select(forecast_choice)):
            try:
                choices[row.node, row.channel] = _choice(json.loads(row.choice))
            except (ValueError, TypeError, KeyError):  # of another version: it is made again
                continue
    return choices


def _choice_row(outlook: Outlook) -> dict[str, str]:
    choice = outlook.choice
    value = {
        "first_s": choice.first_s,
        "last_s": choice.last_s,
        "prophet_s": choice.prophet_s,
        "scores": [{**vars(score), "errors": _to_json(score.errors)} for score in choice.scores],
        "ets": choice.ets
        and {
            "components": choice.ets.components,
            "parameters": _to_json(np.array(choice.ets.parameters)),
        },
    }
    row = {"node": outlook.series.node, "channel": outlook.series.channel}
    return {**row, "choice": json.dumps(value, allow_nan=False)}


def _choice(value: Any) -> Choice:
    scores = [
        Score(**{**score, "errors": np.array(score["errors"], dtype=np.float64)})
        for score in value["scores"]
    ]
    ets = value["ets"] and Ets(
        str(value["ets"]["components"]),
        tuple(np.array(value["ets"]["parameters"], dtype=np.float64).tolist()),
    )
    choice = Choice(value["first_s"], value["last_s"], scores, ets, value["prophet_s"])
    best = choice.best
    if best.model not in MODELS or best.errors.shape != (len(best.errors), DAY):
        raise ValueError(best.model)
    return choice


def _to_json(values: Floats) -> Any:
    # NaN is not JSON
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()
