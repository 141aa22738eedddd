"""Before a push: is the model better, and which nodes get it; with few and with fifty nodes."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import LIMIT_MS, NODE, Serve
from tests.dashboard.past import row, store
from tests.dashboard.test_teaching import log_in
from tests.dashboard.test_versions import store_start

from edgewise.dashboard.comparison import Judged, doubts, table
from edgewise.package.store import load_package


def scores(**classes: tuple[int, float]) -> dict[str, Any]:
    """Scores with rows and recall of each class."""
    entries = {
        name: {"rows": rows, "recall": recall, "precision": recall}
        for name, (rows, recall) in classes.items()
    }
    rows = sum(n for n, _ in classes.values())
    right = sum(n * recall for n, recall in classes.values())
    balanced = sum(recall for _, recall in classes.values()) / len(classes)
    shares = {"accuracy": right / rows, "balanced_accuracy": balanced, "macro_f1": balanced}
    return {"rows": rows, **shares, "classes": entries}


GOOD = Judged("good", ["open", "closed"], scores(open=(100, 0.9), closed=(900, 0.95)))


def test_a_good_model_raises_no_doubts() -> None:
    assert doubts(GOOD, [GOOD]) == []
    assert doubts(GOOD, [Judged("unknown", ["open"], None)]) == []


def test_what_is_said_against_a_model() -> None:
    poor = Judged("poor", ["open", "closed"], scores(open=(9, 0.2), closed=(185, 0.99)))
    hardly, few, worse, finds = doubts(poor, [GOOD])
    assert hardly == (
        "poor is hardly better than always saying 'closed': 59.5% balanced accuracy, and that "
        "would have 50.0%."
    )
    assert few == "poor was judged on 9 readings of 'open': 50 are needed to tell."
    assert worse == "poor is worse than good: 59.5% balanced accuracy, not 92.5%."
    assert finds == "poor finds 20% of 'open', good finds 90%."
    other = Judged("other", ["warm", "cold"], scores(warm=(90, 1.0), cold=(90, 1.0)))
    assert doubts(other, [GOOD]) == ["other does not know 'open', 'closed', which good knows."]
    unjudged = Judged("unjudged", ["open", "closed"], None)
    assert doubts(unjudged, []) == [
        "Nothing says how right unjudged is: no labelled readings have judged it."
    ]
    early = Judged("early", ["open"], {**scores(open=(99, 1.0)), "classes": {}})
    assert doubts(early, []) == [
        "early has no figures for each class: train it again to get them."
    ]
    missing = Judged("missing", ["a", "b", "c"], scores(a=(99, 1.0), b=(99, 1.0)))
    assert doubts(missing, []) == [
        "missing was judged on 0 readings of 'c': 50 are needed to tell."
    ]


def test_names_are_no_html() -> None:
    evil = Judged("<i>", ["<b>"], scores(**{"<b>": (60, 1.0)}))
    assert "<i>" not in table(evil, [evil]) and "<b>" not in table(evil, [evil])


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
