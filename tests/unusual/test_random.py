"""Random limits on random readings: both interpreters say the same of each."""

from __future__ import annotations

import random
from array import array
from pathlib import Path
from typing import Any

from tests.counts import count
from tests.unusual.on_micropython import answers

from edgenode.core.detector import Detector

PROBLEMS = count(200, 2000)
SCRIPT = """
import json, sys
from array import array
from edgenode.core.detector import Detector
for line in sys.stdin:
    facts, features, period_ms, rows = json.loads(line)
    detector = Detector(facts, features)
    said = []
    for slot, x in rows:
        u = detector.push(array("h", x)) if x else -1
        news = detector.note(slot, bool(x), period_ms)
        said.append([u, detector.k, detector.value, detector.tails(period_ms) if news else []])
    print(json.dumps(said))
"""


def problem(r: random.Random) -> list[Any]:
    names = [f"{c}_range_{n}" for c in "thda" for n in range(2, 34)] + ["t_since", "h_since"]
    features = r.sample(names, r.randint(1, 40))
    n = r.randint(1, min(16, len(features)))
    top = r.choice((3, 100, 3000, 32766))
    facts = {
        "feature": r.sample(range(len(features)), n),
        "usual": [r.randint(0, top) for _ in range(n)],
        "limit": [r.randint(1, top) for _ in range(n)],
    }
    slot, rows = 0, []
    for _ in range(40):
        slot += r.choice((1, 1, 1, 1, 2, 30, 400))
        scale = r.choice((0.5, 1, 1, 2))
        x = [max(-32766, min(32766, int(r.uniform(-0.2, scale) * top))) for _ in features]
        rows.append([slot, x if r.random() < 0.9 else None])
    return [facts, features, r.choice((5000, 33000, 60000, 120000, 3600000)), rows]


def solve(facts: dict[str, list[int]], features: list[str], period_ms: int, rows: Any) -> Any:
    detector = Detector(facts, features)
    said = []
    for slot, x in rows:
        u = detector.push(array("h", x)) if x else -1
        has_news = detector.note(slot, bool(x), period_ms)
        news = detector.tails(period_ms) if has_news else []
        said.append([u, detector.k, detector.value, news])
        if x:  # the largest share of a limit, rounded up
            shares = [
                -(-100 * max(0, x[i]) // limit)
                for i, limit in zip(facts["feature"], facts["limit"], strict=True)
            ]
            assert detector.u == max(shares)
            is_beyond = any(
                x[i] > limit for i, limit in zip(facts["feature"], facts["limit"], strict=True)
            )
            assert (u > 100) == is_beyond
    return said


def test_both_interpreters_say_the_same(micropython_command: list[str], tmp_path: Path) -> None:
    r = random.Random(5)
    problems = [problem(r) for _ in range(PROBLEMS)]
    told = 0
    found = answers(micropython_command, SCRIPT, problems, tmp_path)
    for given, said in zip(problems, found, strict=True):
        expected = solve(*given)
        assert said == expected
        told += sum(len(row[3]) for row in expected)
    assert told > PROBLEMS
