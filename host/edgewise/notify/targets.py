"""Where messages go: addresses of Apprise, each a secret that is never shown."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgewise.errors import InputError
from edgewise.toolchain import extras

__all__ = ["Target", "send_test", "targets_of"]

_TIMEOUT_S = 20.0  # of a message; an unreachable one must not keep the others waiting
_LINE_MAX = 200
_SECRET_MIN = 4  # characters of a part of an address that is hidden
# Programs of this computer's desktop: nobody sits there.
_REFUSED = {"dbus", "kde", "glib", "qt", "gnome", "macosx", "windows", "growl"}


@dataclass(frozen=True)
class Target:
    """One address. ``key``: names it in the database. ``name``: names it to people."""

    url: str
    key: str
    name: str

    def send(self, title: str, body: str) -> str | None:
        """Send a message; None when it was taken, else why not, without secrets."""
        import apprise

        service = apprise.Apprise(asset=_asset())
        service.add(self.url)
        if "overflow=" not in self.url:  # what is too long for a service comes in parts
            service[0].overflow_mode = apprise.OverflowMode.SPLIT
        log = _Log()
        logger = logging.getLogger("apprise")
        logger.addHandler(log)
        try:
            is_sent = bool(service.notify(body, title, body_format=apprise.NotifyFormat.TEXT))
        except (OSError, ValueError, TypeError) as e:
            is_sent, log.line = False, str(e)
        finally:
            logger.removeHandler(log)
        return None if is_sent else self._hide_secrets(log.line or "the message was not taken")

    def _hide_secrets(self, line: str) -> str:
        host = re.match(r"[^:]*://(?:[^@/]*@)?([^:/?]*)", self.url)
        for part in re.split(r"[/:@?&=,+]", self.url):
            if len(part) >= _SECRET_MIN and part.lower() != (host[1].lower() if host else ""):
                line = line.replace(part, "***")
        return line[:_LINE_MAX]


def targets_of(urls: Sequence[str]) -> list[Target]:
    """The target of each address; InputError for one that Apprise cannot read.

    OutsideError without the extra package.
    """
    extras.require("notify")
    import apprise

    logger = logging.getLogger("apprise")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False  # its lines hold addresses
    targets = []
    for number, url in enumerate(urls, 1):
        schema = url.partition("://")[0].lower()
        service = apprise.Apprise(asset=_asset())
        if schema in _REFUSED or not service.add(url) or len(service) != 1:
            raise InputError(
                f"address {number} of urls: Apprise does not know it as one of a service: "
                f"compare it with the list of Apprise, {_LIST}"
            )
        key = hashlib.sha256(url.encode()).hexdigest()[:16]
        targets.append(Target(url, key, f"{number}. {_name(service[0])}"))
    return targets


_LIST = "https://github.com/caronc/apprise/wiki"


def send_test(targets: Sequence[Target], text: str) -> list[tuple[str, str | None]]:
    """Send ``text`` to each target; its name, and why it was not taken or None."""
    return [(target.name, target.send("Edgewise: a test", text)) for target in targets]


def _name(service: Any) -> str:
    return str(service.service_name or type(service).__name__)[:32]


def _asset() -> Any:
    import apprise

    return apprise.AppriseAsset(
        app_id="Edgewise",
        app_desc="Edgewise",
        app_url="",
        async_mode=False,
        http_redirects=False,  # a receiver does not choose where a message goes
        interpret_escapes=False,
        service_timeout=_TIMEOUT_S,
        plugin_paths=[],
    )


class _Log(logging.Handler):
    # The last warning of Apprise says why a message was not taken.
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.line = ""

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().splitlines()
        if record.levelno < logging.ERROR or not self.line:
            self.line = lines[0].rstrip(".") if lines else ""
