"""The keys of model.json and evidence.json and their types: a stranger may have written both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgewise.errors import InputError

__all__ = ["Sha256", "Strict", "check_evidence", "check_info", "first_error"]

_TEXT_MAX = 10_000
_KEY_SHOWN_MAX = 60  # characters of a key in a message
_HEADLINE = ("accuracy", "balanced_accuracy", "macro_f1")  # known where there is a test part


class Strict(BaseModel):
    """A JSON object without unknown keys, whose values are neither converted nor NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


_Text = Annotated[str, Field(max_length=_TEXT_MAX)]
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Number = Annotated[float, Field(ge=-1e15, le=1e15)]
_Positive = Annotated[float, Field(gt=0, le=1e15)]
_Share = Annotated[float, Field(ge=0, le=1.000001)]  # means are rounded
_Seconds = Annotated[float, Field(ge=-62135596800, lt=253402300800)]  # the years 1 to 9999
_Name = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\z")]
Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
_Pair = Annotated[list[_Number], Field(min_length=2, max_length=2)]


class _Checked(Strict):
    rows: _Count
    thresholds: _Count
    runtimes: list[_Text]


class _Measured(Strict):
    runtime: _Text
    us: _Positive


class _ClassScores(Strict):
    rows: _Count
    recall: _Share
    precision: _Share | None


class _Scores(Strict):
    rows: _Count
    accuracy: _Share
    balanced_accuracy: _Share
    macro_f1: _Share
    classes: dict[_Text, _ClassScores] = {}  # earlier packages have none


class _Metrics(Strict):
    cv_balanced_accuracy: _Number | None = None
    # the test part: all readings, then those with a class, then the trees without a memory
    accuracy: _Share | None = None
    balanced_accuracy: _Share | None = None
    macro_f1: _Share | None = None
    test: _Scores | None = None
    sure_share: _Share | None = None
    sure: _Scores | None = None
    trees: _Scores | None = None
    delay_readings: Annotated[float, Field(ge=0, le=1e9)] | None = None
    log: _Scores | None = None


class _Relevance(Strict):
    information_gain_bits: _Number
    use: _Number


class _Limit(Strict):
    feature: _Text
    usual: Annotated[int, Field(ge=0, le=32767)]
    limit: Annotated[int, Field(ge=1, le=32767)]


class _Alarms(Strict):
    episodes: _Count
    days: Annotated[float, Field(ge=0, le=1e9)]


class _Care(Strict):
    times: _Count = 0
    part: _Count = 0


class _Detector(Strict):
    limits: Annotated[list[_Limit], Field(min_length=1)]
    quantile: _Share
    k: _Positive
    wanted_per_week: _Positive
    chosen: _Alarms
    test: _Alarms
    care: _Care = _Care()  # older packages have none


class _Temporal(Strict):
    step: list[_Count]
    said: list[_Count]
    state: list[_Count] | None = None


class _Unsure(Strict):
    readings: _Count
    p: _Count


class _DetectorHead(Strict):
    feature: list[_Count]
    usual: list[_Count]
    limit: list[_Count]


class _Learn(Strict):
    days: list[_Count]
    part: list[_Count]
    times: list[_Count]


class _Network(Strict):
    layers: list[_Count]


class _Next(Strict):
    k: _Count
    minutes: list[_Count]
    t: list[_Count]
    t_band: list[_Count]
    h: list[_Count]
    h_band: list[_Count]


class _Forecast(Strict):
    channel: Literal["t", "h"]
    minutes: _Count
    rows: _Count
    unchanged: Annotated[float, Field(ge=0, le=120)]
    error: Annotated[float, Field(ge=0, le=120)]
    inside: _Share


class _Heads(Strict):
    detector: _DetectorHead | None = None
    learn: _Learn | None = None
    network: _Network | None = None
    next: _Next | None = None
    temporal: _Temporal | None = None
    unsure: _Unsure | None = None


class _Info(Strict):
    # name to accuracy are also compared with model.bin
    format: int
    name: _Text
    classes: list[_Text]
    features: list[_Text]
    filters: list[dict[_Text, dict[_Text, int]]]
    period_ms: _Count
    max_delta: list[int]
    visits: _Positive
    s_feature: _Number
    accuracy: _Share
    trees: _Count
    nodes: _Count
    leaf_bits: _Count
    form: Literal["inline", "table"]
    bytes: _Count
    table_bytes: _Count
    inline_bytes: _Count | None
    checked: _Checked
    measured: _Measured | None = None
    recipe: dict[_Text, _Text | _Number | None] = {}
    metrics: _Metrics | None = None
    relevance: dict[_Text, _Relevance] = {}
    data_sha256: dict[_Text, Sha256] = {}
    tools: dict[_Text, _Text] = {}
    detector: _Detector | None = None
    heads: _Heads | None = None
    forecasts: list[_Forecast] = []
    sha256: dict[_Name, Sha256]


class _Piece(Strict):
    node: _Text
    first_s: _Seconds
    last_s: _Seconds
    rows: Annotated[int, Field(ge=1, le=2**53)]
    sha256: Sha256


class _Part(Strict):
    rows: _Count
    nodes: _Count
    first_s: _Seconds | None
    last_s: _Seconds | None
    classes: list[_Count]
    pieces: list[_Piece] = []


class _Data(Strict):
    train: _Part
    test: _Part


class _Levels(Strict):
    asked: _Text
    used: bool
    quality_on: _Number | None
    quality_off: _Number | None
    why: _Text


class _Filtering(Strict):
    asked: _Text
    used: _Text
    quality_median: _Number | None
    quality_none: _Number | None
    why: _Text


class _Point(Strict):
    rows: _Count
    balanced_accuracy: _Share
    macro_f1: _Share


class _Candidate(Strict):
    recipe: _Text
    filtered: bool
    levels: bool
    features: _Count
    nodes: _Count
    bytes: _Count
    visits: _Number
    us: _Number
    quality: _Number
    se: _Number
    on_front: bool
    chosen: bool


class _Bin(Strict):
    rows: Annotated[int, Field(ge=1, le=2**53)]
    confidence: _Share
    right: _Share


class _Line(Strict):
    node: _Text
    time_s: Annotated[list[_Seconds], Field(min_length=1)]
    true: list[_Count]
    said: list[_Count]
    wrong: list[_Share]


_Interval = Annotated[list[_Share | None], Field(min_length=3, max_length=3)]
_Intervals = Annotated[list[_Interval], Field(min_length=1)]


class _AllScores(Strict):
    accuracy: _Intervals
    balanced_accuracy: _Intervals
    macro_f1: _Intervals
    precision: _Intervals
    recall: _Intervals
    f1: _Intervals


class _Evidence(Strict):
    data: _Data
    validation: _Text
    levels: _Levels
    heads: list[_Text] = []
    filtering: _Filtering | None = None  # a detector has none
    seed: _Count
    blocks: _Count
    block_s: _Positive
    confusion: list[list[_Count]]
    scores: _AllScores | Annotated[dict[str, Any], Field(max_length=0)]
    learning_curve: list[_Point]
    candidates: list[_Candidate]  # a detector has none
    calibration: list[_Bin]
    timeline: list[_Line]
    changes_a_day: Annotated[float, Field(ge=0, le=1e9)] | None
    ranges: dict[_Text, _Pair]


def first_error(kind: type[BaseModel], value: Mapping[str, Any]) -> str:
    """Return the first key of ``value`` that does not fit ``kind``, and why; empty if all fit."""
    try:
        kind.model_validate(value)
    except ValidationError as e:
        error = e.errors(include_url=False, include_context=False, include_input=False)[0]
        # deeper parts of the place name the types that were tried
        key = ".".join(map(str, error["loc"][:2]))[:_KEY_SHOWN_MAX]
        if error["type"] == "extra_forbidden":
            return f"key {key} is not known"
        if error["type"] == "missing":
            return f"key {key} is missing"
        return f"key {key}: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return ""


def check_info(path: Path, info: Mapping[str, Any]) -> None:
    """Raise InputError where ``info``, the model.json at ``path``, has a wrong key or type."""
    wrong = first_error(_Info, info)
    if not wrong and info.get("relevance") and set(info["relevance"]) != set(info["features"]):
        wrong = "key relevance does not name the features"
    if wrong:
        raise InputError(f"{path}: {wrong}: train again")


def check_evidence(path: Path, evidence: Mapping[str, Any], n: int) -> None:
    """Raise InputError where the evidence.json at ``path`` does not fit ``n`` classes."""
    wrong = first_error(_Evidence, evidence)
    if not wrong and not _fits(evidence, n):
        wrong = "does not fit the classes of the model"
    if wrong:
        raise InputError(f"{path}: {wrong}: train again")


def _fits(evidence: Mapping[str, Any], n: int) -> bool:
    sizes = [len(part["classes"]) for part in evidence["data"].values()]
    sizes += [len(evidence["confusion"]), *map(len, evidence["confusion"])]
    scores = evidence["scores"]
    sizes += [len(scores[key]) for key in ("precision", "recall", "f1") if scores]
    intervals = [interval for rows in scores.values() for interval in rows]
    return (
        set(sizes) == {n}
        and all(scores[key][0][0] is not None for key in _HEADLINE if scores)
        and all(_fits_interval(*interval) for interval in intervals)
        and all(_fits_line(line, n) for line in evidence["timeline"])
    )


def _fits_interval(value: float | None, low: float | None, high: float | None) -> bool:
    return (low is None) == (high is None) and (value is not None or low is None)


def _fits_line(line: Mapping[str, Any], n: int) -> bool:
    lengths = {len(line[key]) for key in ("time_s", "true", "said", "wrong")}
    return len(lengths) == 1 and max(*line["true"], *line["said"]) < n
