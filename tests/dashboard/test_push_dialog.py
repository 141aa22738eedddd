"""Before a push: is the model better, and which nodes get it; with few and with fifty nodes."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from tests.comparison.labelled import NODE as LABELLED
from tests.comparison.labelled import good_and_poor, store_past
from tests.comparison.test_judged import scores
from tests.dashboard.conftest import LIMIT_MS, NODE, Serve
from tests.dashboard.past import row, store
from tests.dashboard.test_teaching import log_in
from tests.dashboard.test_versions import store_start

from edgewise.comparison import Judged
from edgewise.dashboard.model_table import confusions, table
from edgewise.package.store import load_package


def test_names_are_no_html() -> None:
    evil = Judged("<i>", ["<b>"], scores(**{"<b>": (60, 1.0)}))
    assert "<i>" not in table(evil, [evil]) and "<b>" not in table(evil, [evil])
    known = Judged("<i>", ["<b>"], scores(**{"<b>": (60, 1.0)}), {"<b>": {"<b>": 60}})
    assert "<i>" not in confusions([known]) and "<b>" not in confusions([known])


def write_models(repo: Path, models: Path) -> None:
    """occupancy, and weak, the same with the figures of a poor model."""
    shutil.copytree(repo / "models" / "occupancy", models / "occupancy")
    shutil.copytree(repo / "models" / "occupancy", models / "weak")
    path = models / "weak" / "model.json"
    info = json.loads(path.read_text())
    info["metrics"]["test"] = scores(**{"0": (185, 0.99), "1": (9, 0.2)})
    path.write_text(json.dumps(info))


def test_few_and_fifty_nodes(
    browser: Browser, serve: Serve, engine: Engine, secret: str, repo: Path, tmp_path: Path
) -> None:
    write_models(repo, tmp_path / "models")
    crc = load_package(tmp_path / "models" / "occupancy").blob[-4:].hex()
    now = time.time()
    names = [NODE, *(f"lab-{i:02}" for i in range(25)), *(f"hall-{i:02}" for i in range(24))]
    store(engine, [row(name, 1, now - 600 * (name[0] == "h")) for name in names])
    store_start(engine, 1, now, node=NODE, model="occupancy", crc=crc)
    url = serve()
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Push ...").click()
    dialog = page.get_by_role("dialog", name="Push a model")
    push = dialog.get_by_role("button", name="Push to")
    expect(push).to_have_text("Push to 1 node")
    boxes = dialog.locator(".choice .q-checkbox:visible")
    expect(boxes).to_have_count(50)
    assert boxes.first.inner_text() == NODE
    expect(dialog.locator(".doubts")).to_contain_text("weak is worse than occupancy")
    rows = dialog.locator("table tr")
    expect(rows.first).to_contain_text("weak")
    expect(rows.first).to_contain_text("occupancy")
    expect(rows.nth(1)).to_have_text("balanced accuracy59.5%88.0%")
    expect(rows.nth(2)).to_contain_text("0 is 95% of them")
    expect(dialog.locator("tr", has_text="found of 1")).to_contain_text("of 9")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for element in (push, boxes.first, dialog.get_by_label("Search nodes")):
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert box["y"] >= 0 and box["y"] + box["height"] <= 740
    choose_some(page)
    dialog.get_by_role("button", name="None").click()
    expect(push).to_be_disabled()
    boxes.first.click()
    push.click()
    again = page.get_by_role("dialog", name="Push this model all the same?")
    expect(again).to_contain_text("weak was judged on 9 readings of '1'")
    again.get_by_role("button", name="Back").click()
    expect(again).to_have_count(0)
    push.click()
    again.get_by_role("button", name="Push all the same").click()
    panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
    expect(panel).to_contain_text("no update.secret of 64 hex digits")
    context.close()


def choose_some(page: Page) -> None:
    """By search, by group, and both."""
    dialog = page.get_by_role("dialog", name="Push a model")
    push = dialog.get_by_role("button", name="Push to")
    dialog.get_by_role("button", name="All (50)").click()
    expect(push).to_have_text("Push to 50 nodes")
    dialog.get_by_role("button", name="silent (24)").click()
    expect(push).to_have_text("Push to 24 nodes")
    dialog.get_by_role("button", name="runs occupancy (1)").click()
    expect(push).to_have_text("Push to 1 node")
    dialog.get_by_label("Search nodes").fill("LAB-0")
    expect(dialog.locator(".choice .q-checkbox:visible")).to_have_count(10)
    dialog.get_by_role("button", name="All (50)").click()
    expect(push).to_have_text("Push to 11 nodes")
    dialog.get_by_label("Search nodes").fill("")
    expect(dialog.locator(".choice .q-checkbox:visible")).to_have_count(50)


@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "wide"])
def test_old_and_new_on_the_last_labelled_days(
    browser: Browser,
    serve: Serve,
    engine: Engine,
    secret: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    width: int,
) -> None:
    folder = good_and_poor(tmp_path_factory)
    shutil.copytree(folder / "models", tmp_path / "models")
    os.utime(tmp_path / "models" / "good" / "model.json", (1, 1))
    store_past(engine, folder)
    store(engine, [row("n1", 1, time.time())])
    url = serve()
    context = browser.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={LABELLED}")
    page.get_by_role("button", name="Push ...").click()
    dialog = page.get_by_role("dialog", name="Push a model")
    # the figures of edgewise push on the same readings, see test_before_push
    expect(dialog).to_contain_text("On 270 of the last labelled readings of n0.")
    blocks = dialog.locator(".confusions table")
    expect(blocks).to_have_text(
        [
            "poorsays closedsays openis closed11421is open1287",
            "goodsays closedsays openis closed1350is open0135",
        ]
    )
    expect(dialog.locator(".models tr", has_text="test readings")).to_contain_text("270270")
    poor, good = (block.bounding_box() for block in blocks.all())
    assert poor and good
    if width > 1000:
        assert poor["y"] == good["y"] and poor["x"] + poor["width"] < good["x"]
    for box in (poor, good):
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    expect(dialog.locator(".doubts")).to_contain_text("poor is worse than good")
    # a node without labels changes nothing; alone it leaves the figures of each training
    dialog.get_by_role("checkbox", name="n1").click()
    push = dialog.get_by_role("button", name="Push to")
    expect(push).to_have_text("Push to 2 nodes")
    expect(blocks).to_have_count(2)
    dialog.get_by_role("checkbox", name=LABELLED).click()
    expect(dialog).to_contain_text("Not compared on readings: no period of these nodes is")
    expect(blocks).to_have_count(0)
    expect(push).to_be_enabled()
    context.close()
