"""Stores forecasts in the database, for the dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, delete, insert

from edgewise.database.schema import forecast
from edgewise.forecast.limits import Limit, note
from edgewise.forecast.rolling import Outlook

__all__ = ["save"]


def save(
    engine: Engine, outlooks: Sequence[Outlook], limits: Sequence[Limit], made_at: float
) -> list[tuple[str, str]]:
    """Write the next days into ``forecast`` and crossed limits into ``event``.

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
