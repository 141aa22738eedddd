"""A connection to Home Assistant's websocket API.

Source: developers.home-assistant.io, "WebSocket API".
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from edgewise.console import printable
from edgewise.errors import AwayError, InputError, OutsideError

__all__ = ["Home", "open_home", "tls_context"]

_ANSWER_S = 60.0
_BYTES_MAX = 64_000_000  # the list of all entities is one message


class Home:
    """An open connection. ``version``: year and month of Home Assistant's version."""

    def __init__(self, socket: Connection, url: str, token: str) -> None:
        self._socket = socket
        self._url = url
        self._last_id = 0
        self.version = self._log_in(token)

    def call(self, kind: str, **fields: Any) -> Any:
        """The result of a command; OutsideError says why there is none."""
        self._last_id += 1
        self._send({"id": self._last_id, "type": kind, **fields})
        while True:
            answer = self._receive()
            if answer.get("id") == self._last_id and answer.get("type") == "result":
                break
        if answer.get("success") is True:
            return answer.get("result")
        error = answer.get("error")
        error = error if isinstance(error, dict) else {}
        if error.get("code") == "unauthorized":
            raise OutsideError(
                f"Home Assistant {self._url}: {kind}: not allowed: make the token as an "
                "administrator"
            )
        why = printable(str(error.get("message") or error.get("code") or "no reason given"))
        raise OutsideError(f"Home Assistant {self._url}: {kind}: {why}")

    def _log_in(self, token: str) -> tuple[int, int]:
        greeting = self._receive()
        if greeting.get("type") != "auth_required":
            raise self._protocol_error()
        self._send({"type": "auth", "access_token": token})
        answer = self._receive()
        if answer.get("type") == "auth_invalid":
            raise OutsideError(
                f"Home Assistant {self._url}: the token is refused: make another one in your "
                "profile there, Security, long-lived access tokens"
            )
        if answer.get("type") != "auth_ok":
            raise self._protocol_error()
        numbers = re.match(r"(\d{1,4})\.(\d{1,2})\b", str(answer.get("ha_version")))
        if not numbers:
            raise self._protocol_error()
        return int(numbers[1]), int(numbers[2])

    def _protocol_error(self) -> OutsideError:
        return OutsideError(f"{self._url}: not Home Assistant: check the address")

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message, ensure_ascii=False, allow_nan=False))

    def _receive(self) -> dict[str, Any]:
        try:
            message = json.loads(self._socket.recv(timeout=_ANSWER_S))
        except (ValueError, RecursionError):
            raise self._protocol_error() from None
        if not isinstance(message, dict):
            raise self._protocol_error()
        return message


@contextmanager
def open_home(url: str, token: str, tls: ssl.SSLContext | None) -> Iterator[Home]:
    """A connection to ``url``, as of `parse_home`, that is closed at the end of the block.

    AwayError where Home Assistant may still come; OutsideError where it refuses.
    """
    try:
        with connect(url, ssl=tls, proxy=None, max_size=_BYTES_MAX) as socket:
            yield Home(socket, url, token)
    except ssl.SSLCertVerificationError as e:
        why = e.verify_message.rstrip(".")
        raise OutsideError(
            f"Home Assistant {url}: its certificate is refused: {why}: check the name and --ca"
        ) from e
    except ssl.SSLError as e:
        raise OutsideError(f"Home Assistant {url}: no TLS ({e.reason}): try ws://") from e
    except InvalidStatus as e:
        code = e.response.status_code
        error = AwayError if code in (502, 503, 504) else OutsideError
        raise error(f"Home Assistant {url}: answers {code}: check the address") from e
    except InvalidHandshake as e:
        raise OutsideError(f"{url}: not Home Assistant: check the address") from e
    except TimeoutError as e:
        raise AwayError(f"Home Assistant {url}: no answer: check that it runs") from e
    except ConnectionClosed as e:
        raise AwayError(f"Home Assistant {url}: the connection is lost: check that it runs") from e
    except OSError as e:
        why = e.strerror or str(e)
        raise AwayError(f"Home Assistant {url}: {why}: check the address and that it runs") from e


def tls_context(url: str, ca: Path | None) -> ssl.SSLContext | None:
    """TLS that checks certificate and host name, None for ws://.

    ``ca``: PEM file of the CA [the system's]. InputError for one that cannot be used.
    """
    if url.startswith("ws://"):
        if ca is not None:
            raise InputError("--ca is for TLS: write wss:// in the address")
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as e:
        raise InputError(f"--ca {ca}: no certificate in PEM can be read ({e})") from e
