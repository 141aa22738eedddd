"""The database goes away under open pages and comes back: they say so and go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, create_engine, make_url, text
from tests.dashboard.conftest import Serve, whole
from tests.dashboard.past import rooms, row, store
from tests.dashboard.test_teaching import drag, labels_panel, log_in, name_it
from tests.database.databases import server, url

from edgewise.database import open_db

__all__ = ["server", "url"]

NO_ANSWER = "does not answer"


@pytest.fixture
def db(url: str) -> str:
    return url


@pytest.fixture
def switch(db: str, engine: Engine) -> Iterator[Callable[[bool], None]]:
    """Take the database away (False) and bring it back (True)."""
    if engine.dialect.name == "sqlite":
        yield lambda is_up: move(engine, is_up)
        return
    admin = create_engine(make_url(db).set(database="template1"), isolation_level="AUTOCOMMIT")

    def allow(is_up: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE postgres ALLOW_CONNECTIONS {is_up}"))
            if not is_up:
                engine.dispose()
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = 'postgres'"
                    )
                )

    yield allow
    allow(True)
    admin.dispose()


def move(engine: Engine, is_up: bool) -> None:
    engine.dispose()
    file = Path(str(engine.url.database))
    for path in (file, *(Path(f"{file}{end}") for end in ("-wal", "-shm"))):
        source, target = path, path.with_name(f"gone-{path.name}")
        if is_up:
            source, target = target, source
        if source.exists():
            source.rename(target)


@whole
@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_open_pages_wait_for_it(
    page: Page, serve: Serve, engine: Engine, secret: str, switch: Callable[[bool], None]
) -> None:
    store(engine, rooms("a"))
    address = serve()
    log_in(page, address, secret)
    page.goto(f"{address}/node?id=a")
    expect(page.locator("canvas")).to_be_visible()
    drag(page, 0.2, 0.4)
    second_page = page.context.new_page()
    second_page.goto(address)
    switch(False)
    for view in (page, second_page):
        expect(view.locator(".away")).to_be_visible()
    page.bring_to_front()
    page.get_by_role("dialog").get_by_label("New class").fill("cold")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator(".q-notification", has_text=NO_ANSWER)).to_be_visible()
    third_page = page.context.new_page()
    third_page.goto(f"{address}/node?id=a")
    expect(third_page.locator(".away")).to_be_visible()
    switch(True)
    for view in (page, second_page):
        expect(view.locator(".away")).to_have_count(0)
    expect(third_page.locator("canvas")).to_be_visible()
    store(engine, [row("a", 1000, time.time(), t=27.5)])
    expect(page.locator(".now")).to_contain_text("27.5")
    expect(second_page.locator(".card")).to_contain_text("27.5")
    page.bring_to_front()
    name_it(page, "cold")
    expect(labels_panel(page)).to_contain_text("cold")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_is_gone_is_not_made_anew_and_another_one_is_read(
    page: Page, serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "b.db"
    first = open_db(f"sqlite:///{path}")
    store(first, [row("old", 1, time.time())])
    page.goto(serve("--db", f"sqlite:///{path}"))
    expect(page.locator(".card")).to_contain_text("old")
    move(first, False)
    expect(page.locator(".away", has_text="is gone")).to_be_visible()
    assert not path.exists()
    second = open_db(f"sqlite:///{path}")
    store(second, [row("new", 1, time.time())])
    second.dispose()
    expect(page.locator(".card", has_text="new")).to_be_visible()
