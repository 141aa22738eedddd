"""Many nodes, two collectors of which one is killed, PostgreSQL: every reading once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.counts import WHOLE
from tests.e2e import load

NODES, READINGS = 100, 60


@pytest.mark.skipif(not WHOLE, reason="many nodes: in make test-all; python -m tests.e2e.load")
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_many_nodes_and_a_collector_that_is_killed(url: str, tmp_path: Path) -> None:
    result = load.run(tmp_path, url, NODES, READINGS)
    assert result.is_whole, result
    assert result.online == NODES
