"""``edgewise package``: sign a model package, and find out who signed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.inspect import inspect
from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, printable, say
from edgewise.errors import EdgewiseError
from edgewise.times import LOCAL

_EXAMPLES = (
    "edgewise package sign models/mine",
    "edgewise package verify models/mine --key ann.pub",
    "edgewise package inspect models/mine",
)
app = make_app(*_EXAMPLES, no_args_is_help=True)
_Model = Annotated[Path, typer.Argument(help="Model package")]


@app.callback()
def package() -> None:
    """Sign a model package, verify who signed it, or show what is in it."""


@app.command(epilog=examples(_EXAMPLES[0]))
def sign(
    model: _Model,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Private key of ssh-keygen -t ed25519 [your own]"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Your name, which the signature shows [USER@HOST]")
    ] = None,
) -> None:
    """Sign all files of a package: a later change of any file is refused.

    The first signature makes your key, in the folder of your configuration. Give signing_key.pub
    to those who verify. Training or compiling into the same folder removes the signature.
    """
    from datetime import UTC, datetime

    from edgewise.package.keys import SigningKey, own_key
    from edgewise.package.signature import check_signer
    from edgewise.package.signature import sign as sign_files
    from edgewise.package.store import load_package

    load_package(model)
    signer = _default_name() if name is None else name
    check_signer(signer)
    signing_key = own_key(signer) if key is None else SigningKey.read(key)
    fingerprint = signing_key.public.fingerprint
    if signing_key.is_new:
        say(f"made your key, {fingerprint}: {signing_key.path}; keep it secret, keep a copy")
    sign_files(model, signing_key, signer, datetime.now(UTC))
    say(f"{model}: signed by {signer}, key {fingerprint}")


@app.command(epilog=examples("edgewise package verify models/mine", _EXAMPLES[1]))
def verify(
    model: _Model,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Public keys that you trust [your own, and trusted_keys beside it]",
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Check that a package is unchanged since someone you trust signed it: exit code 0, else 1."""
    from edgewise.package.keys import known_keys, trusted_path
    from edgewise.package.signature import BadSignature
    from edgewise.package.store import load_package

    try:
        signature = load_package(model).signature
    except BadSignature as e:
        raise EdgewiseError(str(e)) from e
    if signature is None:
        raise EdgewiseError(f"{model}: not signed: ask its author for a signed one")
    known_name = known_keys(key).get(signature.key)
    if known_name is None:
        raise EdgewiseError(
            f"{model}: a right signature, but of the unknown key {signature.key.fingerprint}: if "
            f"that is the author's, add the line {signature.key.text} to {key or trusted_path()}; "
            f"the signer says to be {signature.signer}"
        )
    if json:
        emit_json(
            {
                "model": str(model),
                "known_as": known_name,
                "signer": signature.signer,
                "signed_at": signature.signed_at,
                "fingerprint": signature.key.fingerprint,
            }
        )
        return
    typer.echo(
        printable(
            f"{model}: signed by {known_name}, known key {signature.key.fingerprint}, "
            f"{LOCAL.localize_iso(signature.signed_at)}"
        )
    )


app.command("inspect", epilog=examples(_EXAMPLES[2]))(inspect)


def _default_name() -> str:
    import getpass
    import socket

    from edgewise.package.signature import NAME_MAX

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        user = "user"
    return f"{user}@{socket.gethostname()}"[:NAME_MAX]
