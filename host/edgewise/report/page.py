"""Render report.html: one file without scripts, which loads nothing from outside."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

from edgewise.package.heads import is_alone
from edgewise.report import detector as detectors
from edgewise.report import heads, svg
from edgewise.report.energy import battery
from edgewise.training.budget import US_PER_VISIT
from edgewise.training.detector import Detector

__all__ = ["render"]

Facts = dict[str, Any]


def render(info: Facts, evidence: Facts) -> str:
    """Return the page for model.json ``info`` and the ``evidence`` of its training."""
    style = (files("edgewise.report") / "style.css").read_text()
    name = escape(str(info["name"]))
    parts = [
        _headline(info, evidence),
        _list_limits(info, evidence),
        _detector(info),
        _data(info, evidence),
        _quality(info, evidence),
        _heads(info, evidence),
        _forecasts(info),
        _timeline(info, evidence),
        _calibration(evidence),
        _size(info, evidence),
        _battery(info, evidence),
        _features(info),
        _origin(info, evidence),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="generator" content="Edgewise">'
        f"<title>{name}: report</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><main><h1>{name}</h1>{''.join(parts)}</main></body>"
        "</html>\n"
    )


def _section(title: str, *body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(body)}</section>"


def _p(text: str, cls: str = "") -> str:
    return f'<p class="{cls}">{escape(text)}</p>' if cls else f"<p>{escape(text)}</p>"


def _table(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _list(texts: list[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if texts else ""


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def _legend(entries: dict[str, str]) -> str:
    items = (f'<span><i class="{cls}"></i>{escape(name)}</span>' for cls, name in entries.items())
    return f'<p class="legend">{"".join(items)}</p>'


def _interval(value: list[float | None]) -> str:
    middle, low, high = value
    if middle is None:
        return "unknown"
    text = f"{middle:.1%}"
    return text if low is None else f"{text} ({low:.1%} to {high:.1%})"


def _majority(evidence: Facts) -> float:
    counts = evidence["data"]["test"]["classes"]
    return float(max(counts) / max(sum(counts), 1))


def _headline(info: Facts, evidence: Facts) -> str:
    classes = ", ".join(info["classes"])
    seconds = info["period_ms"] / 1000
    lead = (
        f"Says from temperature and humidity, one reading every {seconds:g} s, which of these "
        f"holds: {classes}."
    )
    if is_alone(info):
        return _p(lead, "lead")
    if not evidence["scores"]:
        return _p(lead, "lead") + _p("There was no test part: nothing is known of its quality.")
    keys = ("accuracy", "balanced_accuracy", "macro_f1")
    names = ("accuracy", "balanced accuracy", "macro-F1")
    cards = []
    for key, name in zip(keys, names, strict=True):
        value, low, high = evidence["scores"][key][0]
        spread = "" if low is None else f"<small>{low:.1%} to {high:.1%}</small>"
        cards.append(f"<div><b>{value:.1%}</b><span>{name}</span>{spread}</div>")
    value, low, _ = evidence["scores"]["accuracy"][0]
    majority = _majority(evidence)
    better = low if low is not None else value
    verdict = (
        f"Better than always saying the most frequent class, which is right in {majority:.1%}."
        if better > majority
        else "Not surely better than always saying the most frequent class, which is right in "
        f"{majority:.1%}."
    )
    return _p(lead, "lead") + f'<div class="cards">{"".join(cards)}</div>' + _p(verdict)


def _list_limits(info: Facts, evidence: Facts) -> str:
    reasons = []
    if evidence["levels"]["used"] and evidence["data"]["train"]["nodes"] == 1:
        reasons.append(
            "Another room: absolute levels of this one are among its features. Train there, or "
            "train again with --levels off."
        )
    elif evidence["data"]["train"]["nodes"] == 1 and not _learns(info):
        reasons.append("Another room without a test there: it was trained in one.")
    reasons.append(
        f"Another period than {info['period_ms'] / 1000:g} s: its windows count readings."
    )
    for name, unit in (("t_level", "C"), ("h_level", "%RH")):
        if name in evidence["ranges"]:
            low, high = (v / 100 for v in evidence["ranges"][name])
            reasons.append(f"Readings outside {low:.1f} to {high:.1f} {unit}: it has seen none.")
    if info.get("detector"):
        reasons.append("The cause: it says that a reading is unusual here, not why.")
        usual = (
            "what happens on two days of a week"
            if _learns(info)
            else "what happened in its training part"
        )
        reasons.append(f"Slow changes, and {usual}: it takes both as usual.")
    counts = [] if is_alone(info) else evidence["data"]["test"]["classes"]
    names = info["classes"] if counts else []
    for name, count, f1 in zip(
        names, counts, evidence["scores"].get("f1", [[0.0]] * len(counts)), strict=True
    ):
        if count < 30:
            reasons.append(f"Class {name}: only {count} test readings, its scores say little.")
        elif f1[0] is not None and f1[0] < 0.7:
            reasons.append(f"Class {name} alone: its F1 is {f1[0]:.1%}.")
    reasons.append("Safety, alarms that lives depend on, or judging people.")
    return f'<section class="warn"><h2>Not for</h2>{_list(reasons)}</section>'


def _detector(info: Facts) -> str:
    detector = Detector.from_info(info)
    if detector is None:
        return ""
    limits = detectors.limit_rows(detector, info["period_ms"])
    learn = (info.get("heads") or {}).get("learn")
    return _section(
        "What is unusual",
        _p(detectors.summary(detector, learn)),
        _p(detectors.effect(info)),
        _table(["feature", "usual, up to", "alarm above", "in words"], limits),
        "<h3>False alarms</h3>",
        _table(
            ["", "episodes", "days of readings", "a week and node"],
            detectors.false_alarms(detector, learn is not None),
        ),
        _p("Unusual readings less than half an hour apart are one episode.", "note"),
    )


def _time(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%MZ}"


def _data(info: Facts, evidence: Facts) -> str:
    rows = [
        [
            part,
            f"{d['rows']:,}",
            str(d["nodes"]),
            _time(d["first_s"]),
            _time(d["last_s"]),
            *(f"{c:,}" for c in d["classes"]),
        ]
        for part, d in evidence["data"].items()
    ]
    head = ["part", "readings", "nodes", "first", "last", *info["classes"]]
    filters = ", ".join(next(iter(f)) for f in info["filters"]) or "none"
    if filtering := evidence.get("filtering"):
        filters += f": {filtering['why']}"
    chosen = (
        "The log only served to compare the implementations and to count false alarms."
        if _learns(info)
        else "Everything was chosen on the training part alone, by holding out "
        f"{evidence['validation']}."
    )
    return _section(
        "Data",
        _table(head, rows),
        _p(f"{chosen} Filter: {filters}. Levels: {evidence['levels']['why']}."),
    )


def _learns(info: Facts) -> bool:
    # Whether the node itself learns what is usual.
    return "learn" in (info.get("heads") or {})


def _quality(info: Facts, evidence: Facts) -> str:
    if not evidence["scores"]:
        return ""
    scores = evidence["scores"]
    rows = [
        [name, *(_interval(scores[key][i]) for key in ("precision", "recall", "f1"))]
        for i, name in enumerate(info["classes"])
    ]
    hours = evidence["block_s"] / 3600
    note = (
        f"95 % intervals from {evidence['blocks']} blocks of {hours:.1f} h, drawn 1,000 times: "
        "neighbouring readings are alike, so whole blocks are drawn."
        if scores["accuracy"][0][1] is not None
        else "Too short a test for intervals."
    )
    body = [
        svg.matrix(
            "Confusion matrix of the test readings", evidence["confusion"], info["classes"]
        ),
        _table(["class", "precision", "recall", "F1"], rows),
        _p(note, "note"),
    ]
    points = evidence["learning_curve"]
    if len(points) > 1:
        lines = {
            "balanced accuracy": [(p["rows"], p["balanced_accuracy"]) for p in points],
            "macro-F1": [(p["rows"], p["macro_f1"]) for p in points],
        }
        body.append("<h3>More data?</h3>")
        body.append(svg.curve("Learning curve", lines, "training readings", "on the test part"))
        body.append(
            _p("The same recipe, fitted on the first part of the training readings.", "note")
        )
    return _section("How right it is", *body)


def _heads(info: Facts, evidence: Facts) -> str:
    sentences = _list(heads.sentences(info, evidence))
    if not heads.has_classes(info):
        title = heads.tried_title(info)
        return _details(title, sentences) if sentences else ""
    rows = heads.score_rows(info)
    return _section(
        "What came before, and when it says no class",
        _table(["", "readings", "accuracy", "balanced accuracy", "macro-F1"], rows),
        sentences,
    )


def _forecasts(info: Facts) -> str:
    rows = heads.forecast_rows(info)
    if not rows:
        return ""
    head = ["", "readings", "error if nothing changed", "error of the forecast", "difference"]
    head += ["share", "band of 90 %"]
    k = info["heads"]["next"]["k"]
    return _section(
        "Forecasts",
        _table(head, rows),
        _p(
            f"A forecast is the reading plus a share of its distance from the average of about "
            f"{2**k} earlier readings. Share 0 means no change: no other share was better. Errors "
            "are mean absolute errors on the test part; shares and bands are from the training "
            "part.",
            "note",
        ),
    )


def _timeline(info: Facts, evidence: Facts) -> str:
    if not evidence["timeline"]:
        return ""
    legend = "".join(
        f'<span><i class="c{i}"></i>{escape(name)}</span>'
        for i, name in enumerate(info["classes"])
    )
    body = [f'<p class="legend">{legend}</p>']
    for line in evidence["timeline"]:
        body.append(f"<h3>{escape(line['node'])}</h3>" if line["node"] else "")
        title = f"Test readings of {line['node'] or 'the node'} in time"
        body.append(
            svg.strips(title, line["true"], line["said"], line["wrong"], _days(line["time_s"]))
        )
    body.append(
        _p(
            "Columns hold equally many readings; time without readings takes no room. Days are of "
            "UTC.",
            "note",
        )
    )
    return _section("Where it errs", *body)


def _days(time_s: list[float]) -> list[tuple[int, str]]:
    # The first column of each day; at most nine, so that their labels do not overlap.
    days = [f"{datetime.fromtimestamp(t, UTC):%d %b}" for t in time_s]
    first_columns = [i for i, day in enumerate(days) if i == 0 or day != days[i - 1]]
    distance = len(time_s) / 9
    columns: list[int] = []
    for i in first_columns:
        if not columns or i - columns[-1] >= distance:
            columns.append(i)
    return [(i, days[i]) for i in columns]


def _calibration(evidence: Facts) -> str:
    bins = evidence["calibration"]
    if not bins:
        return ""
    total = sum(b["rows"] for b in bins)
    error = sum(b["rows"] * abs(b["confidence"] - b["right"]) for b in bins) / total
    line = [(100 * b["confidence"], b["right"]) for b in bins]
    rows = [[f"{b['confidence']:.1%}", f"{b['right']:.1%}", f"{b['rows']:,}"] for b in bins]
    return _section(
        "What its confidence means",
        svg.curve("Calibration", {"this model": line}, "confidence, %", "right", diagonal=True),
        _p(
            f"On average the confidence is {error:.1%} away from the share of right answers. On "
            "the dashed line they are equal; below it the model is too sure.",
            "note",
        ),
        _details("Figures", _table(["confidence", "right", "readings"], rows)),
    )


def _size(info: Facts, evidence: Facts) -> str:
    return _section(
        "Size and speed",
        _table(["", ""], _size_rows(info)),
        *(_search(evidence) if evidence["candidates"] else ()),
    )


def _search(evidence: Facts) -> list[str]:
    points = [
        (
            c["bytes"],
            c["quality"],
            "chosen" if c["chosen"] else "front" if c["on_front"] else "tried",
        )
        for c in sorted(evidence["candidates"], key=lambda c: (c["chosen"], c["on_front"]))
    ]
    return [
        "<h3>Quality against size</h3>",
        svg.scatter("Quality against size", points, "bytes of the table", "held-out quality"),
        _legend({"chosen": "chosen", "front": "no smaller one is as good", "tried": "tried"}),
        _p(
            "The chosen model is the smallest within half a standard error of the best, among "
            "those with the chosen levels and filter. Quality is the mean of balanced accuracy "
            "and macro-F1 on held-out training readings; the error is the standard error of the "
            "distance from the best.",
            "note",
        ),
        _details(
            "The front",
            _table(["model", "features", "nodes", "bytes", "quality"], _front_rows(evidence)),
        ),
    ]


def _size_rows(info: Facts) -> list[list[str]]:
    checked = info["checked"]
    if "network" in (info.get("heads") or {}):
        return heads.network_rows(info)
    inline = info["inline_bytes"]
    rows = [
        ["trees, nodes with leaves", f"{info['trees']}, {info['nodes']}"],
        ["form on the node", info["form"]],
        ["table in RAM", f"{info['table_bytes']:,} bytes"],
        ["inline code on an ESP32", f"{inline:,} bytes" if inline else "too large"],
        ["nodes visited by a prediction", f"{info['visits']:g}"],
        [
            "predicted latency of the table on an ESP32",
            f"{info['visits'] * US_PER_VISIT:.0f} us (visits / 2,000,000 a second)",
        ],
    ]
    if measured := info.get("measured"):
        rows.append(
            [
                f"measured latency, {measured['runtime']} on the computer that compiled it",
                f"{measured['us']:.2f} us, {info['visits'] / measured['us']:.0f} visits a us",
            ]
        )
    rows.append(
        [
            "the same as scikit-learn",
            f"on {checked['rows']:,} readings and {checked['thresholds']:,} thresholds with their "
            f"neighbours: {', '.join(checked['runtimes'])}",
        ]
    )
    return rows


def _front_rows(evidence: Facts) -> list[list[str]]:
    return [
        [
            ("-> " if c["chosen"] else "") + c["recipe"],
            str(c["features"]),
            str(c["nodes"]),
            f"{c['bytes']:,}",
            f"{c['quality']:.1%} +- {c['se']:.1%}",
        ]
        for c in sorted(evidence["candidates"], key=lambda c: c["bytes"])
        if c["on_front"] or c["chosen"]
    ]


def _battery(info: Facts, evidence: Facts) -> str:
    facts = battery(info, evidence.get("changes_a_day"))
    rows = [
        [
            rule["rule"],
            _number(rule["reports_a_day"]),
            *(
                _number(rule[place][key])
                for place in ("module", "board")
                for key in ("mah_a_day", "days")
            ),
        ]
        for rule in facts["rules"]
    ]
    head = ["the radio is on for", "times a day"]
    head += ["bare module: mAh a day", "days", "dev board: mAh a day", "days"]
    assumed = [[k, f"{v['value']:g}", v["source"]] for k, v in facts["assumed"].items()]
    return _section(
        "On a battery",
        _table(head, rows),
        _p(_savings(facts), "note"),
        _details("Assumptions", _table(["", "value", "source"], assumed)),
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _savings(facts: Facts) -> str:
    text = (
        f"Calculated, not measured: asleep between readings of {facts['period_s']:g} s, days of a "
        "2,000 mAh battery. On a development board regulator and LED use more than all the rest."
    )
    every, _, changes = (rule["module"]["mah_a_day"] for rule in facts["rules"])
    if changes is None:
        return f"{text} How often its class changes is not known: there was no test part."
    return (
        f"{text} Its confirmed class changed {facts['changes_a_day']:.1f} times a day on the test "
        f"part; deciding on the board saves {1 - changes / every:.0%} of what a bare module would "
        f"use to send every reading. All readings arrive either way: {facts['readings_kept']} "
        "wait for the next report."
    )


def ranking(info: Facts) -> list[tuple[str, float, float]]:
    """Return features with information gain in bits and use in the model, most used first."""
    relevance = info.get("relevance", {})
    rows = [(n, r["information_gain_bits"], r["use"]) for n, r in relevance.items()]
    return sorted(rows, key=lambda r: -r[2])


def _features(info: Facts) -> str:
    rows = [row for row in ranking(info) if row[2] > 0]
    if not rows:
        return ""
    return _section(
        "What it looks at",
        svg.bars("Features", rows[:20], ("information gain, bits", "use in the model")),
        _p(
            f"S_feature = {info['s_feature']:.3f} bits: information gain, weighted by use. "
            f"{len(rows)} features are computed on the node"
            + (", the 20 most used are shown." if len(rows) > 20 else "."),
            "note",
        ),
    )


def _origin(info: Facts, evidence: Facts) -> str:
    rows = [[name, digest] for name, digest in info.get("data_sha256", {}).items()]
    recipe = ", ".join(f"{k} {v}" for k, v in info.get("recipe", {}).items())
    tools = ", ".join(f"{k} {v}" for k, v in info.get("tools", {}).items())
    return _section(
        "Where it comes from",
        _table(["log", "SHA-256"], rows) if rows else "",
        _p(f"Recipe: {recipe}. Seed {evidence['seed']}. Made with {tools}.", "note"),
    )
