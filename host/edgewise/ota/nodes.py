"""The nodes below one base of a broker: what they run, and a push to each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.errors import OutsideError
from edgewise.ota.order import order
from edgewise.ota.push import Verdict, push
from edgewise.ota.targets import Target

__all__ = ["BrokerNodes"]

_TRIAL_S = 300.0  # of a model; a good one takes a minute
_LOOK_S = 2.0
_SILENCE_S = 60.0
_RETRY_S = 3.0


class BrokerNodes:
    """The nodes of ``secrets`` (name -> update.secret in hex) for a `Rollout` of ``data``.

    ``silence_s``: as for `push`.
    """

    def __init__(
        self,
        client: mqtt.Client,
        base: str,
        secrets: Mapping[str, str],
        data: bytes,
        silence_s: float | None = None,
    ) -> None:
        self._client, self._base, self._secrets = client, base, secrets
        self._data, self._silence_s = data, silence_s

    def crc(self, node: str, on_trial: Callable[[], None]) -> str:
        """The CRC of the model of ``node`` once none is on trial; "" where it cannot tell.

        ``on_trial`` is called while one is. OutsideError where it does not answer, or a trial does
        not end.
        """
        end_s = time.monotonic() + _TRIAL_S
        while time.monotonic() < end_s:
            value = self._ask(Target(self._base, node, "")).get("value")
            if not isinstance(value, dict):
                return ""
            if value.get("state") not in ("try", "trial"):
                return str(value.get("crc") or "")
            on_trial()
            time.sleep(_LOOK_S)
        raise OutsideError(f"a model is on trial for {_TRIAL_S:.0f} s: see edgewise model status")

    def _ask(self, target: Target) -> dict[str, Any]:
        # Repeated, because a node that starts or sleeps hears no order; ever later, because the
        # answer to an earlier one does not count.
        limit_s = self._silence_s or _SILENCE_S
        end_s, retry_s = time.monotonic() + limit_s, _RETRY_S
        while (rest_s := end_s - time.monotonic()) > retry_s:
            with suppress(OutsideError):
                return order(self._client, target, "model", limit_s=retry_s)
            retry_s *= 2
        with suppress(OutsideError):
            return order(self._client, target, "model", limit_s=max(rest_s, 0.1))
        raise OutsideError(f"no answer within {limit_s:.0f} s: is it on?")

    def push(self, node: str, progress: Callable[[int, int], None]) -> Verdict:
        """Send the model; return the verdict of ``node``."""
        target = Target(self._base, node, self._secrets[node])
        return push(self._client, target, self._data, progress=progress, silence_s=self._silence_s)
