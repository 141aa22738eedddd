"""What is to be told: problems that begin, and are over once they stayed away for a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from edgewise.database.schema import notice, notice_told, notify_target
from edgewise.notify.settings import Settings

__all__ = ["Due", "begin", "end", "keep_known", "mark_told", "open_notices", "read_due", "settle"]

CLASS = "class"
_AWAY = ("system", "offline")  # told when it lasts
_DAY_S = 86400
_KEPT_S = 30 * _DAY_S
_DOUBLED_MAX = 4  # times the wait for a calm is doubled: from 5 to 80 minutes
Due = Any  # a row of notice, with is_told: whether its begin was told


def begin(
    connection: Connection,
    settings: Settings,
    key: tuple[str, str, str],
    text: str,
    since_s: float,
    now_s: float,
) -> None:
    """A problem holds. ``key``: node, kind, about. One that holds already stays as it is."""
    node, kind, about = key
    if kind not in settings.kinds:
        return
    row = _open(connection, key)
    if row is not None:
        if row.calm_at is not None:
            change = {"calm_at": None, "times": row.times + 1, "text": text}
            connection.execute(update(notice).where(notice.c.id == row.id).values(change))
        return
    same = _match_key(key)
    recent = select(func.max(notice.c.times)).where(*same, notice.c.over_at > now_s - _DAY_S)
    times = (connection.scalar(recent) or 0) + 1
    wait_s = settings.offline_s if kind in _AWAY else 0.0
    values = {"node": node, "kind": kind, "about": about, "text": text, "begun_at": since_s}
    due_at = now_s + wait_s
    is_moment = kind == CLASS
    over_at = since_s if is_moment else None
    values |= {"due_at": due_at, "calm_at": over_at, "over_at": over_at}
    connection.execute(insert(notice).values(**values, times=1 if is_moment else times))


def end(connection: Connection, key: tuple[str, str, str], at_s: float) -> None:
    """A problem is gone; `settle` makes it over."""
    row = _open(connection, key)
    if row is not None and row.calm_at is None:
        connection.execute(update(notice).where(notice.c.id == row.id).values(calm_at=at_s))


def open_notices(connection: Connection, kind: str) -> list[tuple[str, str]]:
    """Node and about of the problems of a kind that hold."""
    query = select(notice.c.node, notice.c.about)
    query = query.where(notice.c.kind == kind, notice.c.over_at.is_(None))
    return [(row.node, row.about) for row in connection.execute(query)]


def settle(connection: Connection, settings: Settings, now_s: float) -> None:
    """Make over what has been gone for long enough, and forget what nobody needs to hear.

    A problem that came back waits twice as long each time. One that was gone before it was due is
    dropped.
    """
    c = notice.c
    calm = select(notice).where(c.calm_at.is_not(None), c.over_at.is_(None))
    for row in connection.execute(calm).all():
        wait_s = settings.calm_s * 2 ** min(row.times - 1, _DOUBLED_MAX)
        if now_s < row.calm_at + wait_s:
            continue
        this = c.id == row.id
        was_told = select(notice_told.c.notice).where(notice_told.c.notice == row.id)
        if row.calm_at < row.due_at and row.kind in _AWAY and not _any(connection, was_told):
            connection.execute(delete(notice).where(this))
        else:
            connection.execute(update(notice).where(this).values(over_at=row.calm_at))
    old = select(c.id).where(c.over_at < now_s - _KEPT_S)
    if _any(connection, old):
        connection.execute(delete(notice_told).where(notice_told.c.notice.in_(old)))
        connection.execute(delete(notice).where(c.over_at < now_s - _KEPT_S))


def read_due(connection: Connection, target: str, now_s: float) -> list[Due]:
    """What ``target`` is to be told now, in order of time."""
    c, told = notice.c, notice_told.c
    joined = notice.outerjoin(notice_told, and_(told.notice == c.id, told.target == target))
    is_begin = and_(told.notice.is_(None), or_(c.calm_at.is_(None), c.over_at.is_not(None)))
    is_end = and_(told.is_over == 0, c.over_at.is_not(None))
    first = select(notify_target.c.after_notice).where(notify_target.c.target == target)
    query = (
        select(notice, told.notice.is_not(None).label("is_told"))
        .select_from(joined)
        .where(c.id > first.scalar_subquery(), c.due_at <= now_s, or_(is_begin, is_end))
        .order_by(c.begun_at, c.id)
    )
    return list(connection.execute(query))


def mark_told(connection: Connection, target: str, rows: Sequence[Due], now_s: float) -> None:
    """``target`` took a message about ``rows``, as they were then."""
    ids = [row.id for row in rows]
    told = notice_told.c
    for some in (ids[i : i + 500] for i in range(0, len(ids), 500)):
        connection.execute(delete(notice_told).where(told.target == target, told.notice.in_(some)))
    values = [
        {
            "notice": row.id,
            "target": target,
            "is_over": int(row.over_at is not None),
            "told_at": now_s,
        }
        for row in rows
    ]
    if values:
        connection.execute(insert(notice_told), values)


def keep_known(connection: Connection, targets: Collection[tuple[str, str]]) -> None:
    """Make the rows of ``targets`` (key, name); a new one is told only what begins from now on."""
    keys = [key for key, _ in targets]
    connection.execute(delete(notify_target).where(notify_target.c.target.not_in(keys)))
    connection.execute(delete(notice_told).where(notice_told.c.target.not_in(keys)))
    known = set(connection.scalars(select(notify_target.c.target)))
    newest = connection.scalar(select(func.max(notice.c.id))) or 0
    for key, name in targets:
        if key in known:
            change = update(notify_target).where(notify_target.c.target == key)
            connection.execute(change.values(name=name))
        else:
            row = {"target": key, "name": name, "after_notice": newest, "next_at": 0.0}
            connection.execute(insert(notify_target).values(**row, tries=0, error=""))


def _open(connection: Connection, key: tuple[str, str, str]) -> Any:
    query = select(notice).where(*_match_key(key), notice.c.over_at.is_(None))
    return connection.execute(query.limit(1)).first()


def _match_key(key: tuple[str, str, str]) -> list[Any]:
    columns = (notice.c.node, notice.c.kind, notice.c.about)
    return [column == value for column, value in zip(columns, key, strict=True)]


def _any(connection: Connection, query: Any) -> bool:
    return connection.execute(query.limit(1)).first() is not None
