"""Keys of nodes: none of a node that nothing can be sent to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.command import edgewise

from edgewise.errors import InputError
from edgewise.ota import key_of, secret_of

KEY = "ab" * 32
SERVER = '[server]\nurl = "http://pi.local"\ntoken = "0123456789abcdef"\n'


def test_a_node_that_posts_takes_no_command_and_no_model(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text(f'[update]\nsecret = "{KEY}"\n')
    (tmp_path / "nodes").mkdir()
    own = tmp_path / "nodes/attic.toml"
    own.write_text(f'node = "attic"\nuplink = "http"\n{SERVER}')
    for file in (config, own):
        file.chmod(0o600)
    assert key_of(config, "cellar") == secret_of(config, "cellar") == KEY
    for ask in (key_of, secret_of):
        with pytest.raises(InputError, match="node attic: uplink = 'http' brings no command"):
            ask(config, "attic")
    command = ("command", "ping", "--node", "attic", "--config", config)
    result = edgewise(*command, "--broker", "mqtt://127.0.0.1:1", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "use the cable: edgewise deploy" in result.stderr
