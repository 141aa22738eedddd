"""What Home Assistant is told, held against the fields that its documentation has."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.homeassistant.templates import TEMPLATES

from edgewise.errors import InputError
from edgewise.homeassistant import Display, NodeModel, config_topic, discovery, with_name

CLASSES = ["free", 'a "b" <i>', "ü }} {% \\ '\U0001f600", "occupied"]
# integrations/mqtt (device discovery), sensor.mqtt and binary_sensor.mqtt
TOP = {"dev", "o", "cmps", "qos", "availability", "state_topic", "command_topic", "encoding"}
DEVICE = {
    "identifiers",
    "name",
    "manufacturer",
    "model",
    "sw_version",
    "hw_version",
    "suggested_area",
}
COMMON = {
    "platform",
    "unique_id",
    "name",
    "state_topic",
    "value_template",
    "device_class",
    "entity_category",
    "expire_after",
    "icon",
}
FIELDS = {
    "sensor": COMMON
    | {"unit_of_measurement", "state_class", "options", "suggested_display_precision"}
    | {"enabled_by_default"},
    "binary_sensor": COMMON | {"payload_on", "payload_off", "off_delay"},
}
UNITS = {
    "temperature": {"°C", "°F", "K"},
    "humidity": {"%"},
    "signal_strength": {"dB", "dBm"},
    "data_size": {"B", "kB", "MB", "KiB", "MiB"},
}
NOW = datetime(2026, 1, 2, tzinfo=UTC)
GOOD = {"ts": 1, "boot": 1, "seq": 7, "t": -3.4, "h": 45.1, "cls": "occupied", "p": 0.87}
FAILED = {"ts": 1, "boot": 1, "seq": 8, "t": None, "h": None, "cls": None, "p": None}


@pytest.fixture(
    params=[
        (NodeModel(CLASSES, "occupancy"), {}),
        (NodeModel(CLASSES, "occupancy", minutes=[30]), {"expire_s": 9000}),
        (NodeModel(CLASSES, "occupancy"), {"display": Display(fahrenheit=True)}),
        (NodeModel(CLASSES, "occupancy"), {"outputs": ["fan", "heater-2"]}),
    ]
)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    model, options = request.param
    config = discovery("a1b2c3", model, "home/edge", **options)
    config = with_name(config, "Window, left", "Büro 2")
    return dict(json.loads(json.dumps(config)))


def list_components(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The components without those that a platform alone takes away."""
    return {key: c for key, c in document["cmps"].items() if set(c) != {"platform"}}


def test_only_documented_fields(document: dict[str, Any]) -> None:
    assert set(document) <= TOP
    assert {"dev", "o", "cmps"} <= set(document)
    assert set(document["dev"]) <= DEVICE
    assert set(document["o"]) <= {"name", "sw_version", "support_url"}
    for entry in document["availability"]:
        assert set(entry) <= {"topic", "value_template", "payload_available"}
    for component in list_components(document).values():
        assert set(component) <= FIELDS[component["platform"]]
        assert component["unique_id"] and component["state_topic"]
        unit = component.get("unit_of_measurement")
        assert unit in UNITS.get(component.get("device_class"), {unit})


def test_a_name_and_a_room_change_neither_topics_nor_ids() -> None:
    plain = discovery("n", NodeModel(CLASSES))
    named = with_name(plain, "Window, left", "lab")
    assert named["dev"] == plain["dev"] | {"name": "Window, left", "suggested_area": "lab"}
    assert {**named, "dev": None} == {**plain, "dev": None}
    assert with_name(plain, "", "") == plain
    assert with_name(plain, "", "lab")["dev"]["name"] == "Edgewise n"


def test_ids_differ_and_an_enum_has_options_alone(document: dict[str, Any]) -> None:
    ids = [c["unique_id"] for c in list_components(document).values()]
    assert len(set(ids)) == len(ids)
    # a node may be called like another one with the key of a sensor behind it
    for key, component in list_components(document).items():
        others = {other for other in ids if other != component["unique_id"]}
        assert not [other for other in others if other.endswith(f"_{key}")], key
    enum = document["cmps"]["class"]
    assert (enum["device_class"], enum["options"]) == ("enum", CLASSES)
    assert not {"state_class", "unit_of_measurement"} & set(enum)


def test_a_node_that_sleeps_expires_and_one_that_does_not_has_a_will() -> None:
    online_node = discovery("n", NodeModel(CLASSES))
    assert online_node["availability"] == [{"topic": "edgewise/n/status"}]
    assert not any("expire_after" in c for c in online_node["cmps"].values())
    sleepy_node = discovery("n", NodeModel(CLASSES), expire_s=900)
    assert {c["expire_after"] for c in list_components(sleepy_node).values()} == {900}
    assert set(sleepy_node["cmps"]) == set(online_node["cmps"])
    assert not any(
        c["state_topic"].endswith("/diag") for c in list_components(sleepy_node).values()
    )


@pytest.mark.parametrize(
    ("ts", "status"),
    [(NOW.timestamp() - 899, "online"), (NOW.timestamp() - 901, "offline"), (None, "online")],
)
def test_what_the_broker_kept_of_a_node_that_is_gone(ts: float | None, status: str) -> None:
    (entry,) = discovery("n", NodeModel(CLASSES), expire_s=900)["availability"]
    assert entry["topic"] == "edgewise/n/state"
    template = TEMPLATES.from_string(entry["value_template"])
    assert template.render(value_json={**GOOD, "ts": ts}, now=lambda: NOW) == status


def render_states(document: dict[str, Any], state: dict[str, Any]) -> dict[str, str]:
    return {
        key: TEMPLATES.from_string(c["value_template"]).render(value_json=state)
        for key, c in list_components(document).items()
        if c["state_topic"] == "home/edge/a1b2c3/state"
    }


def test_the_templates_read_what_a_node_says(document: dict[str, Any]) -> None:
    is_fahrenheit = document["cmps"]["temperature"]["unit_of_measurement"] == "°F"
    t = "25.88" if is_fahrenheit else "-3.4"
    values = {"temperature": t, "humidity": "45.1", "class": "occupied", "confidence": "87"}
    values |= {"dew_point": "7.5" if is_fahrenheit else "-13.6", "absolute": "1.7"}
    values |= {"mould": "0"}
    assert render_states(document, GOOD) == {**values, "problem": "OFF"}
    for cls in CLASSES:
        assert render_states(document, {**GOOD, "cls": cls})["class"] == cls
    assert render_states(document, {**GOOD, "cls": "of another model"})["class"] == "None"
    # "None" is what Home Assistant takes for unknown
    unknown_values = dict.fromkeys(values, "None")
    assert render_states(document, {**FAILED, "err": "timeout"}) == {
        **unknown_values,
        "problem": "ON",
    }
    # a reading without a class is no failed one
    unsure = render_states(document, {**GOOD, "cls": None, "p": None, "err": None})
    assert unsure == {**values, "class": "None", "confidence": "None", "problem": "OFF"}


@pytest.mark.parametrize(
    ("cls", "expected"), [("normal", "OFF"), ("unusual", "ON"), (None, "None")]
)
def test_what_a_detector_finds_is_a_problem(cls: str | None, expected: str) -> None:
    classes = ["normal", "unusual"]
    document = discovery("a1b2c3", NodeModel(classes, alarm="unusual"), "home/edge")
    component = document["cmps"]["unusual"]
    assert (component["platform"], component["device_class"]) == ("binary_sensor", "problem")
    assert set(component) <= FIELDS["binary_sensor"]
    assert render_states(document, {**GOOD, "cls": cls})["unusual"] == expected
    # another model without a detector takes the sensor away
    assert discovery("a1b2c3", NodeModel(classes))["cmps"]["unusual"] == {
        "platform": "binary_sensor"
    }


FORECASTS = ("temperature_30", "humidity_30", "temperature_60", "humidity_60")


@pytest.mark.parametrize(("fahrenheit", "t"), [(False, "-3.43"), (True, "25.83")])
def test_forecasts_are_there_where_the_model_makes_them(fahrenheit: bool, t: str) -> None:
    document = discovery(
        "a1b2c3", NodeModel(CLASSES, minutes=[30, 60]), "home/edge", Display(fahrenheit)
    )
    components = {key: document["cmps"][key] for key in FORECASTS}
    forecast = {"t": -3.43, "h": 45.1, "t_band": 0.3, "h_band": 1.2}
    payload = {"ts": 1, "boot": 1, "seq": 7, "next": {"30": forecast}}
    said = {}
    for key, component in components.items():
        assert set(component) <= FIELDS["sensor"]
        assert component["state_topic"] == "home/edge/a1b2c3/next"
        assert component["enabled_by_default"] is False
        template = TEMPLATES.from_string(component["value_template"])
        said[key] = template.render(value_json=payload)
    assert said == dict(zip(FORECASTS, (t, "45.1", "None", "None"), strict=True))
    assert components["temperature_60"]["name"] == "Temperature in 60 min"
    # a model that makes none takes the sensors away
    without = discovery("a1b2c3", NodeModel(CLASSES))["cmps"]
    assert all(without[key] == {"platform": "sensor"} for key in FORECASTS)


@pytest.mark.parametrize(
    ("u", "unusual", "percent"),
    [(0.12, "OFF", "12"), (1.0, "OFF", "100"), (1.01, "ON", "101"), (None, "None", "None")],
)
def test_how_unusual_a_reading_is(u: float | None, unusual: str, percent: str) -> None:
    # beside a class; a failed read has no u
    document = discovery("a1b2c3", NodeModel(CLASSES, has_u=True), "home/edge")
    components = document["cmps"]
    assert (components["unusual"]["platform"], components["unusual"]["device_class"]) == (
        "binary_sensor",
        "problem",
    )
    assert set(components["how_unusual"]) <= FIELDS["sensor"]
    states = render_states(document, GOOD if u is None else {**GOOD, "u": u})
    assert (states["unusual"], states["how_unusual"]) == (unusual, percent)
    absent = discovery("a1b2c3", NodeModel(CLASSES))["cmps"]
    assert (absent["unusual"], absent["how_unusual"]) == (
        {"platform": "binary_sensor"},
        {"platform": "sensor"},
    )


@pytest.mark.parametrize(
    ("diag", "learning"),
    [
        ({"learnt_h": 0, "limits_d": 0}, "day 1 of 7"),
        ({"learnt_h": 47, "limits_d": 1}, "day 2 of 7"),
        ({"learnt_h": 167, "limits_d": 2}, "day 7 of 7"),
        ({"learnt_h": 168, "limits_d": 7}, "learnt"),
        ({"heap": 1}, "None"),
    ],
)
def test_how_far_a_node_has_learnt(diag: dict[str, int], learning: str) -> None:
    component = discovery("a1b2c3", NodeModel(CLASSES, learns=True), "home/edge")["cmps"][
        "learning"
    ]
    assert set(component) <= FIELDS["sensor"]
    assert component["state_topic"] == "home/edge/a1b2c3/diag"
    template = TEMPLATES.from_string(component["value_template"])
    assert template.render(value_json=diag) == learning
    assert discovery("a1b2c3", NodeModel(CLASSES))["cmps"]["learning"] == {"platform": "sensor"}


@pytest.mark.parametrize(
    ("diag", "state"),
    [
        ({"outputs": {"fan": "off", "heater-2": "on"}}, "on"),
        ({"outputs": {"heater-2": "off"}}, "off"),
        ({"outputs": {"fan": "on"}}, "None"),
        ({"heap": 1}, "None"),
    ],
)
def test_what_an_output_does(diag: dict[str, Any], state: str) -> None:
    names = ["fan", "heater-2"]
    components = discovery("a1b2c3", NodeModel(CLASSES), "home/edge", outputs=names)["cmps"]
    component = components["output_2"]
    assert component["name"] == "Output heater-2"
    assert component["state_topic"] == "home/edge/a1b2c3/diag"
    template = TEMPLATES.from_string(component["value_template"])
    assert template.render(value_json=diag) == state
    assert {component["payload_on"], component["payload_off"]} == {"on", "off"}
    # one that is no longer in the settings is taken away
    assert [components[f"output_{n}"] for n in (3, 4)] == [{"platform": "binary_sensor"}] * 2


@pytest.mark.parametrize(
    ("t_c", "t_f"),
    [(-3.4, "25.88"), (0, "32.0"), (21.5, "70.7"), (-40.0, "-40.0"), (None, "None")],
)
def test_fahrenheit_is_of_the_temperature_alone(t_c: float | None, t_f: str) -> None:
    model = NodeModel(CLASSES)
    celsius, fahrenheit = (
        discovery("a1b2c3", model, "home/edge", Display(flag)) for flag in (False, True)
    )
    state = {**GOOD, "t": t_c}
    in_celsius, in_fahrenheit = render_states(celsius, state), render_states(fahrenheit, state)
    changed = {key for key in in_celsius if in_celsius[key] != in_fahrenheit[key]}
    assert changed <= {"temperature", "dew_point"}
    assert in_fahrenheit["temperature"] == t_f
    for document, unit in ((celsius, "°C"), (fahrenheit, "°F")):
        for key in ("temperature", "dew_point"):
            assert document["cmps"][key]["unit_of_measurement"] == unit


@pytest.mark.parametrize("node", ["a/b", "a+", "#", "", "a b", "ü"])
def test_names_that_home_assistant_does_not_take(node: str) -> None:
    with pytest.raises(InputError, match="letters, digits, - and _ only"):
        config_topic(node)
    with pytest.raises(InputError, match="letters, digits, - and _ only"):
        discovery(node, NodeModel(CLASSES))
    assert re.fullmatch(r"homeassistant/device/[\w-]+/config", config_topic("a1-b_2"))
