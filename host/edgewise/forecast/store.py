"""A forecast in the database, where the dashboard finds it."""

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
    """Put the next day of each into ``forecast``, and what crosses a limit into ``event``.

    What was forecast for hours that are over stays: A_forecast is made of it. Returns node and
    text of each event that is new.
    """
    said = []
    with engine.begin() as connection:
        for found in outlooks:
            of = forecast.c.node == found.series.node, forecast.c.channel == found.series.channel
            first_s = float(found.ahead.ts[0])
            connection.execute(delete(forecast).where(*of, forecast.c.ts >= first_s))
            connection.execute(insert(forecast), _rows(found, made_at))
            for limit in limits:
                if limit.channel == found.series.channel:
                    text = note(connection, found, limit, made_at)
                    said += [(found.series.node, text)] if text else []
    return said


def _rows(found: Outlook, made_at: float) -> list[dict[str, object]]:
    ahead = found.ahead
    values = zip(
        *(a.tolist() for a in (ahead.ts, ahead.yhat, ahead.lower, ahead.upper)), strict=True
    )
    return [
        {
            "node": found.series.node,
            "channel": found.series.channel,
            "ts": ts,
            "yhat": yhat,
            "lower": lower,
            "upper": upper,
            "model": found.best.model,
            "made_at": made_at,
        }
        for ts, yhat, lower, upper in values
    ]
