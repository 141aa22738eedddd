"""``edgewise cloud``: settings of a node for the MQTT broker of a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, say
from edgewise.errors import InputError

EXAMPLES = (
    "edgewise cloud aws --host NAME-ats.iot.eu-west-1.amazonaws.com --ca AmazonRootCA1.pem "
    "--cert certificate.pem.crt --key private.pem.key --out aws/node.toml",
    "edgewise cloud azure --config azure/node.toml",
)


class Provider(StrEnum):
    """Whose rules count."""

    aws = "aws"
    azure = "azure"
    generic = "generic"


def cloud(
    provider: Annotated[
        Provider,
        typer.Argument(help="aws: IoT Core, azure: Event Grid, generic: EMQX, HiveMQ ..."),
    ],
    config: Annotated[
        Path, typer.Option(metavar="FILE", help="Settings to start from, or to check")
    ] = Path("node.toml"),
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="The cloud's address for your account")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CA of the cloud's broker, PEM or DER")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate of the node, PEM or DER")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key, PEM or DER")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings to write, with the certificates beside them"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files")] = False,
    json: JsonFlag = False,
) -> None:
    """Write a node's settings for a cloud, or check those that there are.

    With --out it takes --config as edgewise init wrote it, and --host, --ca, --cert and --key; it
    says what is to be done at the cloud. Without --out it checks --config against the cloud's
    limits: depth and length of topics, client id, keep-alive, port, certificate.
    """
    from edgewise import settings
    from edgewise.cloud import CLOUDS, doubts_of, read_papers, steps_of, violations

    rules = CLOUDS[provider]
    values = settings.load(config)
    papers = None
    if out is not None:
        if ca is None or cert is None or key is None or host is None:
            raise InputError("--out needs --host, --ca, --cert and --key")
        papers = read_papers(ca, cert, key)
        values = _with_cloud(values, host, rules.needs_user)
    elif host or ca or cert or key:
        raise InputError("--host, --ca, --cert and --key are for --out FILE: name it")
    try:
        full = settings.complete(values)
        settings.check_board(values)
    except settings.Wrong as e:
        raise InputError(f"{config}: {e.line}") from e
    wrong = list(violations(rules, full))
    if wrong:
        raise InputError(f"{config}: {'; '.join(wrong)}")
    if papers is None or out is None:
        say(f"{config}: fits {rules.name}")
        written = []
        steps: list[str] = []
    else:
        _check_inputs(out, papers.files, [config, ca, cert, key])
        written = _write(out, values, papers.files, force)
        say(f"written: {', '.join(map(str, written))}; next: edgewise build --config {out}")
        say(f"the certificate ends on {papers.ends:%Y-%m-%d}")
        steps = steps_of(rules, full, papers.thumbprint)
    for line in doubts_of(rules, full):
        say(f"{config}: {line}")
    for step in steps:
        say(f"- {step}")
    if json:
        emit_json({"cloud": rules.name, "written": [str(path) for path in written], "do": steps})


def _with_cloud(values: dict[str, Any], host: str, needs_user: bool) -> dict[str, Any]:
    own = {key: value for key, value in values.get("mqtt", {}).items() if key == "keepalive_s"}
    own |= {"host": host, "port": 8883, "tls": True}
    own |= {"ca": "ca.der", "cert": "cert.der", "key": "key.der"}
    if needs_user:
        own["user"] = values.get("node", "")
    others = {key: value for key, value in values.items() if key != "server"}
    return {**others, "uplink": "mqtt", "mqtt": own}


def _check_inputs(out: Path, files: Iterable[str], inputs: Sequence[Path | None]) -> None:
    from edgewise.cli import outputs

    for path in (out, out.with_name("secrets.toml"), *(out.with_name(name) for name in files)):
        if any(source is not None and outputs.is_same(path, source) for source in inputs):
            raise InputError(f"{path}: is an input of this command: choose another --out")


def _write(out: Path, values: dict[str, Any], files: dict[str, bytes], force: bool) -> list[Path]:
    from edgewise import settings
    from edgewise.errors import unwritable
    from edgewise.logs.writing import write_atomic

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise unwritable(out.parent, e) from e
    taken = [name for name in files if (out.parent / name).exists()]
    if taken and not force:
        raise InputError(f"{out.parent / taken[0]}: exists already: another folder, or --force")
    written = settings.write(out, values, force)
    for name, data in files.items():
        path = out.parent / name
        write_atomic(path, data, 0o600 if name == "key.der" else 0o666)
        written.append(path)
    return written
