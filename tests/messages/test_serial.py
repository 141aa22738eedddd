"""The lines of a node on a serial cable become messages, whatever the wire did to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.messages.lines import HELLO, failed_state, state

from edgewise.messages.learning import describe_learning
from edgewise.messages.outputs import describe_outputs
from edgewise.messages.serial import Damaged, Diag, Hello, Reading, Text, decode


def test_lines_of_the_node() -> None:
    reading = decode(state(3).strip())
    assert reading == Reading(7, 3, 1700000180.0, 21.5, 40.0, "a", 0.9, None)
    newer = decode(state(3).strip().replace(b'"p"', b'"u":0.12,"next":{"t":[21]},"p"'))
    assert newer == replace(reading, u=0.12)
    assert decode(failed_state(4).strip()).err == "timeout"  # type: ignore[union-attr]
    assert decode(HELLO.strip()) == Hello(
        "a1b2c3", 7, "occupancy", "viper-inline", HELLO.decode().strip()
    )
    assert decode(b"edgewise: node x, boot 1, safe mode").model is None  # type: ignore[union-attr]
    assert decode(b'diag {"boot":1,"ts":null,"heap":5}') == Diag(
        {"boot": 1, "ts": None, "heap": 5}
    )
    assert decode(b"\x1b[31mred\xff") == Text("\ufffd[31mred\ufffd")


@pytest.mark.parametrize(
    "line",
    [b'state {"ts":1', b'state {"ts":NaN}', b"state {}", b'diag {"boot":"x"}', b"diag {[]}"],
)
def test_records_that_the_wire_spoiled(line: bytes) -> None:
    assert isinstance(decode(line), Damaged)


def test_every_cut_and_change_of_a_record_is_decoded_to_something() -> None:
    line = state(3).strip()
    for i in range(len(line)):
        decode(line[:i])
        decode(line[:i] + b"\x00\xff" + line[i + 1 :])


@pytest.mark.parametrize(
    "diag",
    [{"learnt_h": "x", "limits_d": 1}, {"learnt_h": 5}, {"learnt_h": 5, "limits_d": 9}],
)
def test_damaged_figures_of_learning_say_nothing(diag: dict[str, object]) -> None:
    assert describe_learning(diag) == ""


@pytest.mark.parametrize("outputs", [None, "on", [1], {}, {"fan": 1}, {"fan": ["on"]}])
def test_damaged_outputs_say_nothing(outputs: object) -> None:
    assert describe_outputs({"outputs": outputs}) == ""


def test_what_outputs_do_in_words() -> None:
    assert describe_outputs({"outputs": {"fan": "on", "pump": "off"}}) == "fan on, pump off"
    assert describe_outputs({"outputs": {"x" * 99: "on"}}) == "x" * 16 + " on"
    assert describe_outputs({}) == ""
