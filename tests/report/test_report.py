"""The report: honest intervals, one file that needs nothing, no text of the user as markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgewise.compile import compile_model, recompile
from edgewise.features.splitting import split_log
from edgewise.package.forest import flatten
from edgewise.package.form import Form
from edgewise.package.store import json_bytes, load_package, pack_model
from edgewise.report import evidence, render
from edgewise.report.intervals import blocks_of, scores_with_intervals
from edgewise.training import Budget, Trained, train
from edgewise.training.judging import Judged, judge

VOID = {"meta", "br", "line", "rect", "circle", "polyline"}
NASTY = "<script>alert(\"1\")</script> & 'more'"


class Balanced(HTMLParser):
    """Fails on a tag that is not closed in order; collects tags and the text outside style."""

    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open_tags and self.open_tags[-1] != "style":
            self.text += data


def parse_page(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open_tags == []
    return parser


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    path = tmp_path_factory.mktemp("log") / "window.csv"
    r = np.random.default_rng(3)
    lines = ["time,temperature,humidity,status"]
    for i in range(900):
        state = (i // 45) % 3
        t_c, h_pct = 20 + 3 * state + r.normal(0, 1.4), 40 + r.normal(0, 2)
        lines.append(f"{1_700_000_000 + 300 * i},{t_c:.1f},{h_pct:.1f},{'abc'[state]}")
    path.write_text("\n".join(lines) + "\n")
    return train(*split_log(path), Budget(30))


def judged(trained: Trained) -> Judged:
    """Judge the trees with votes of eight bits; the page draws what it is given."""
    contract = {
        "name": "window",
        "classes": trained.classes,
        "features": trained.features,
        "filters": trained.filters,
        "period_ms": trained.period_ms,
        "max_delta": list(trained.max_delta),
        "visits": 1.0,
        "s_feature": 0.0,
        "accuracy": 0.0,
    }
    return judge(pack_model(contract, flatten(trained.estimator).table()), trained.testing)


INFO: dict[str, Any] = {
    "name": NASTY,
    "classes": ["a", NASTY, "c"],
    "features": ["t_level", "h_mean_30"],
    "filters": [{"median": {"window_size": 3}}],
    "period_ms": 300000,
    "trees": 10,
    "nodes": 100,
    "form": "table",
    "table_bytes": 800,
    "inline_bytes": None,
    "visits": 40.5,
    "s_feature": 0.3,
    "measured": {"runtime": "viper-table", "us": 0.4},
    "checked": {"rows": 900, "thresholds": 50, "runtimes": ["viper-table", "emlearn-c"]},
    "relevance": {"t_level": {"information_gain_bits": 0.5, "use": 0.7}},
    "data_sha256": {NASTY: "00"},
    "recipe": {"kind": "ExtraTrees"},
    "tools": {"edgewise": "0"},
}


def test_a_page_that_needs_nothing_and_obeys_nobody(trained: Trained) -> None:
    facts = json.loads(json_bytes(evidence(trained, judged(trained))))
    page = render(INFO, facts)
    parser = parse_page(page)
    assert not {tag for tag, _ in parser.tags} & {"script", "link", "img", "iframe", "object"}
    assert not [a for _, attrs in parser.tags for a in attrs if a in ("src", "href", "onload")]
    assert not re.search(r"url\(|@import|https?:", page)
    assert parser.text.count('<script>alert("1")</script>') >= 4
    for word in ("Not for", "Confusion", "Learning curve", "confidence", "S_feature", "as good"):
        assert word in parser.text or f"{word}" in page


def test_forecasts_beside_what_nothing_changed_would_say(trained: Trained) -> None:
    facts = json.loads(json_bytes(evidence(trained, judged(trained))))
    assert "Forecasts" not in parse_page(render(INFO, facts)).text
    following = {"k": 5, "minutes": [30, 60], "t": [128, 0], "t_band": [28, 44]}
    following |= {"h": [0, 256], "h_band": [60, 102]}
    values = (("t", 30, 0.114, 0.108, 0.91), ("h", 60, 0.524, 0.422, 0.92))
    keys = ("channel", "minutes", "unchanged", "error", "inside")
    forecasts = [dict(zip(keys, v, strict=True)) | {"rows": 5988} for v in values]
    page = render(INFO | {"heads": {"next": following}, "forecasts": forecasts}, facts)
    text = parse_page(page).text
    for said in (
        "temperature in 30 min5,9880.114 C0.108 C-5%0.50±0.28 C, 91% inside",
        "humidity in 60 min5,9880.524 %RH0.422 %RH-19%1.00±1.02 %RH, 92% inside",
        "the average of about 32 earlier readings",
    ):
        assert said in text, text
    # it says nothing of classes
    assert "when it says no class" not in text


def test_figures_on_the_page_are_those_of_the_training(trained: Trained) -> None:
    facts = evidence(trained, judged(trained))
    text = parse_page(render(INFO, facts)).text
    scores = judged(trained).scores
    for value in (scores.accuracy, scores.balanced_accuracy, scores.macro_f1):
        assert f"{value:.1%}" in text
    assert np.sum(facts["confusion"]) == scores.rows
    assert np.trace(facts["confusion"]) == round(scores.accuracy * scores.rows)
    assert sum(c["chosen"] for c in facts["candidates"]) == 1
    assert facts["learning_curve"][-1]["rows"] == len(trained.training.labelled)
    assert facts["learning_curve"][-1]["macro_f1"] == pytest.approx(scores.macro_f1, abs=0.1)
    columns = facts["timeline"][0]
    assert len(columns["true"]) == len(columns["said"]) == len(columns["wrong"]) <= 720


def test_without_a_test_part_it_says_so(trained: Trained) -> None:
    no_test = replace(trained, testing=trained.testing.select(slice(0)))
    text = parse_page(
        render(INFO, json.loads(json_bytes(evidence(no_test, judged(no_test)))))
    ).text
    assert "There was no test part" in text


def test_a_test_too_short_for_intervals(trained: Trained) -> None:
    short_test = replace(trained, testing=trained.testing.select(slice(8)))
    text = parse_page(render(INFO, evidence(short_test, judged(short_test)))).text
    assert "Too short a test for intervals" in text
    assert "its scores say little" in text


def test_intervals_hold_the_value_and_shrink_with_more_blocks() -> None:
    r = np.random.default_rng(0)

    def draw_blocks(blocks: int) -> np.ndarray:
        hits = r.integers(20, 40, (blocks, 2))
        return np.stack([np.array([[a, 40 - a], [40 - b, b]]) for a, b in hits])

    scores_10, scores_200 = (scores_with_intervals(draw_blocks(n), 0) for n in (10, 200))
    for scores in (scores_10, scores_200):
        for rows in scores.values():
            for value, low, high in rows:
                assert low is not None
                assert high is not None
                assert value is not None
                assert low <= value <= high
    widths = [f["accuracy"][0][2] - f["accuracy"][0][1] for f in (scores_10, scores_200)]  # type: ignore[operator]
    assert widths[1] < widths[0] / 2
    perfect_scores = scores_with_intervals(np.tile(np.diag([30, 30]), (9, 1, 1)), 0)
    assert perfect_scores["macro_f1"] == [[1.0, 1.0, 1.0]]


def test_a_class_is_judged_by_the_draws_in_which_it_occurs() -> None:
    block_without = np.array([[20, 0, 0], [0, 20, 0], [0, 0, 0]])
    block_with = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 9]])
    scores = scores_with_intervals(np.stack([block_without] * 9 + [block_with]), 0)
    assert scores["recall"][2] == [0.9, 0.9, 0.9]
    assert scores["precision"][2] == [1.0, 1.0, 1.0]
    scores_without = scores_with_intervals(np.stack([block_without] * 9), 0)
    assert scores_without["recall"][2] == scores_without["precision"][2] == [None, None, None]
    assert scores_without["macro_f1"] == [[1.0, 1.0, 1.0]]
    assert scores_with_intervals(block_without[None], 0)["f1"][1:] == [
        [1.0, None, None],
        [None] * 3,
    ]


def test_a_class_without_test_readings_is_unknown(trained: Trained) -> None:
    two_classes = replace(trained, testing=trained.testing.select(trained.testing.y != 2))
    text = parse_page(
        render(INFO, json.loads(json_bytes(evidence(two_classes, judged(two_classes)))))
    ).text
    assert "unknown" in text
    assert "Class c: only 0 test readings" in text


@pytest.mark.parametrize("form", [Form.table, Form.inline])
def test_the_page_tells_of_the_form_that_was_compiled_last(
    form: Form, trained: Trained, tmp_path: Path
) -> None:
    model = tmp_path / "window"
    compile_model(trained, model, {}, Form.table)
    info = recompile(load_package(model), None, tmp_path / "other", form)
    assert info["form"] == form
    assert info["measured"]["runtime"] == f"viper-{form}"
    text = parse_page((tmp_path / "other" / "report.html").read_text()).text
    assert f"measured latency, viper-{form} " in text
    assert text.startswith("other")


def test_blocks_never_span_nodes() -> None:
    time_s = np.tile(np.arange(0, 86400, 60.0), 2)
    node = np.repeat(np.array(["a", "b"], dtype=object), 1440)
    block, length_s = blocks_of(time_s, node)
    assert length_s == 86340 / 20
    assert not set(block[node == "a"]) & set(block[node == "b"])
    assert len(np.unique(block)) == 42


def test_the_commands(trained: Trained, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from edgewise.cli.main import app

    model = tmp_path / "window"
    compile_model(trained, model, {})
    files = {p.name: p.read_bytes() for p in model.iterdir()}
    copy_path = tmp_path / "again.html"
    result = CliRunner().invoke(app, ["report", str(model), "--json", "--out", str(copy_path)])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["features"][0]["name"] in trained.features
    assert document["s_feature"] == pytest.approx(trained.s_feature, abs=1e-4)
    assert copy_path.read_bytes() == files["report.html"]
    inspection = CliRunner().invoke(app, ["inspect", str(model), "--json"])
    facts = json.loads(inspection.stdout)
    assert facts["features"] == trained.features
    assert set(facts["files"]) == set(files)
    assert {p.name: p.read_bytes() for p in model.iterdir()} == files
    for verb in ("report", "inspect"):
        assert CliRunner().invoke(app, [verb, str(model)]).exit_code == 0
        failure = CliRunner().invoke(app, [verb, str(tmp_path / "none")])
        assert failure.exception is not None
