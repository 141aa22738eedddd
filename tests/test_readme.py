"""The README says what there is: its commands, options and the node's settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.command import edgewise

from edgenode.core.settings import settings
from edgewise.cli.main import VERBS

README = (Path(__file__).parents[1] / "README.md").read_text()
MAKEFILE = (Path(__file__).parents[1] / "Makefile").read_text()


def test_the_targets_exist() -> None:
    targets = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))
    extras = re.search(r"^EXTRAS := (.+)$", MAKEFILE, re.MULTILINE)
    assert extras
    for target in {a or b for a, b in targets} - {f"setup-{name}" for name in extras[1].split()}:
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    assert {"demo", "test"} <= {a or b for a, b in targets}


@pytest.mark.parametrize("verb", VERBS)
def test_the_options_exist(verb: str) -> None:
    lines = re.findall(rf"edgewise {verb} ([^\n]*)", README)
    help_text = edgewise(verb, "--help", COLUMNS="200").stdout
    for option in re.findall(r"--[a-z-]+", " ".join(lines)):
        assert option in help_text


def test_blocks_run_the_python_that_setup_makes() -> None:
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert [line for line in lines if re.match(r"(python\d?|edgewise) ", line)] == []
    assert sum(line.startswith(".venv/bin/") for line in lines) > 10


def test_the_pictures_exist() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (Path(__file__).parents[1] / path).is_file()


def test_every_setting_of_the_node_is_in_the_table() -> None:
    keys = [key for _, key, *_ in settings()]
    assert len(keys) > 30
    page = (Path(__file__).parents[1] / "docs/node.md").read_text()
    table = page[page.index("| key | default |") :]
    for key in keys:
        assert f"{key}`" in table, key
