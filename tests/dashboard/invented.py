"""What the pictures in docs/pages show: the office log of the README as if it ended now."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, insert

from edgewise.compile import compile_model
from edgewise.database.names import set_name
from edgewise.database.schema import (
    diag,
    events,
    forecast,
    label,
    outlook,
    reading,
    status,
)
from edgewise.features.splitting import Split, split_log
from edgewise.logs import public
from edgewise.logs.log import Log
from edgewise.package.store import Package, load_package
from edgewise.prediction.predict import predict_log
from edgewise.training import Budget, Options, train

NODE, TITLE, ROOM = "a1b2c3", "Office, window", "ground floor"
ROOMS = ("ground floor", "lab", "attic", "cellar", "workshop")
DAY_S, HOUR_S, MINUTE_S = 86400.0, 3600.0, 60.0
OFFLINE, SILENT, FAILING = (3, 12), 7, 21  # numbers of other nodes


EPISODE = {"feature": "h_range_15", "value": 4.2, "usual": 1.1, "limit": 2.4}


def office() -> tuple[Log, Log]:
    """The days that train the new model, and the week that the page shows."""
    return split_log(public.get().path, Split("occupied", split_col="split", train_value="train"))


def new_package(fit: Log, folder: Path) -> Package:
    """A model of a first day of labels, as the page trains one."""
    day = fit.select(np.arange(len(fit)) % 8 == 0)
    path = folder / "taught-20261130-081500Z"
    compile_model(train(day, day, Budget(60), Options(outlook=False)), path, {})
    return load_package(path)


def fill(engine: Engine, week: Log, model: Package) -> None:
    """The week of the office until now, and what its node told."""
    now = time.time()
    rows = np.flatnonzero(week.time_s > week.time_s[-1] - 7 * DAY_S)
    week = week.select(rows)
    ts = week.time_s + now - 5 - week.time_s[-1]
    said = predict_log(model, week)
    away = (ts > now - 8 * HOUR_S) & (ts < now - 6.2 * HOUR_S)
    late = (ts > now - 9 * HOUR_S) & (ts < now - 6.2 * HOUR_S) & ~away
    names = np.array([*model.classes, None], dtype=object)[said.answers].tolist()
    columns = (ts, week.t_dc / 10, week.h_pm / 10, names, said.p_pc / 100, late, ~away)
    values = [
        {"node": NODE, "boot": 1, "seq": i, "ts": at, "t": t, "h": h, "cls": cls, "p": p}
        | {"late": int(is_late), "received_at": at, "err": None}
        for i, (at, t, h, cls, p, is_late, is_there) in enumerate(
            zip(*(np.asarray(c).tolist() for c in columns), strict=True)
        )
        if is_there
    ]
    crc = model.blob[-4:].hex()
    facts = [
        (now - 3.1 * DAY_S, "reset", {"from": "power", "to": "running", "model": model.path.name}),
        (now - 26 * HOUR_S, "class", {"from": "0", "to": "1"}),
        (now - 15 * HOUR_S, "class", {"from": "1", "to": "0"}),
        (now - 12.6 * HOUR_S, "unusual", {"from": "normal", "to": "unusual", **EPISODE}),
        (
            now - 11.6 * HOUR_S,
            "unusual",
            {"from": "unusual", "to": "normal", "seconds": 1500, **EPISODE},
        ),
    ]
    with engine.begin() as connection:
        connection.execute(insert(reading), values)
        for i, (at, name, payload) in enumerate(facts):
            text = json.dumps({"event": name, "crc": crc, **payload})
            row = {"node": NODE, "boot": 1, "seq": i, "ts": at, "event": name, "payload": text}
            connection.execute(insert(events), {**row, "received_at": at})
        told = {"heap": 88_000, "rssi": -61, "uptime_s": 281_000, "connects": 3, "waiting": 0}
        told |= {"dropped": 0, "predict_us": 31, "reset": "power", "runtime": "viper-inline"}
        row = {"node": NODE, "boot": 1, "ts": now, "payload": json.dumps(told)}
        connection.execute(insert(diag), {**row, "received_at": now})
        for hours, length, cls in ((44, 2.5, "1"), (38, 9, "0")):
            row = {"node": NODE, "from_ts": now - hours * HOUR_S, "cls": cls, "author": "me"}
            end = {"to_ts": now - (hours - length) * HOUR_S, "created_at": now}
            connection.execute(insert(label), row | end)
        t, h = values[-1]["t"], values[-1]["h"]
        for minutes, more in ((30, 0.4), (60, 0.7)):
            row = {"node": NODE, "boot": 1, "seq": 1, "minutes": minutes, "ts": ts[-1]}
            row |= {"t": t + more, "h": h + 2 * more, "t_band": 0.3, "h_band": 1.2}
            connection.execute(insert(outlook), {**row, "received_at": now})
        made = {"node": NODE, "model": "AutoETS", "made_at": now}
        for hour in range(1, 25):
            wave = np.sin(2 * np.pi * hour / 24)
            for channel, middle, band in (("t", t + wave, 0.8), ("h", h + 2 * wave, 1.5)):
                row = {**made, "channel": channel, "ts": now + hour * HOUR_S, "yhat": middle}
                row |= {"lower": middle - band, "upper": middle + band}
                connection.execute(insert(forecast), row)


def add_others(engine: Engine, n: int) -> None:
    """Further nodes, in rooms, with an invented day each; some need attention."""
    now = time.time()
    rng = np.random.default_rng(3)
    for i in range(n):
        node, room = f"n{i:02d}", ROOMS[i % len(ROOMS)]
        end_s = now - (4 * HOUR_S if i == SILENT else 30.0)
        t, h, phase = 19 + 4 * rng.random(), 35 + 15 * rng.random(), 6.3 * rng.random()
        rows = []
        for k in range(int(DAY_S / (5 * MINUTE_S))):
            wave = np.sin(phase + 2 * np.pi * k / 288)
            at = end_s - 5 * MINUTE_S * k
            row = {"node": node, "boot": 1, "seq": k, "ts": at, "late": 0, "received_at": at}
            if i == FAILING and k < 12:
                rows.append(row | dict.fromkeys(("t", "h", "cls", "p")) | {"err": "timeout"})
                continue
            row |= {"t": round(t + 2 * wave + 0.1 * rng.random(), 1), "cls": str(int(wave > 0))}
            rows.append(row | {"h": round(h - 5 * wave + rng.random(), 1), "p": 0.9, "err": None})
        told = {"heap": 88_000, "rssi": -60, "uptime_s": 90_000}
        row = {"node": node, "boot": 1, "ts": end_s, "payload": json.dumps(told)}
        with engine.begin() as connection:
            connection.execute(insert(reading), rows)
            connection.execute(insert(diag), {**row, "received_at": end_s})
            row = {"node": node, "online": int(i not in OFFLINE), "received_at": now}
            connection.execute(insert(status), row)
        set_name(engine, node, f"{room.capitalize()} {i // len(ROOMS) + 1}", room)
    set_name(engine, NODE, TITLE, ROOM)
