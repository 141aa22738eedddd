"""The nodes below one base of a broker: what they run, and a push to each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import paho.mqtt.client as mqtt

from edgewise.errors import OutsideError
from edgewise.ota.order import order
from edgewise.ota.push import Verdict, push
from edgewise.ota.rollout import Model
from edgewise.ota.targets import Target

__all__ = ["BrokerNodes"]

_TRIAL_S = 300.0  # of a model; a good one takes a minute
_LOOK_S = 2.0


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

    def model(self, node: str) -> Model | None:
        """The model of ``node`` once none is on trial; None where it cannot tell.

        OutsideError where it does not answer, or a trial does not end.
        """
        end_s = time.monotonic() + _TRIAL_S
        target = Target(self._base, node, "")
        while time.monotonic() < end_s:
            answer = order(self._client, target, "model", limit_s=self._silence_s)
            value = answer.get("value")
            if not isinstance(value, dict):
                return None
            if value.get("state") not in ("try", "trial"):
                return Model(str(value.get("name")), str(value.get("crc") or ""))
            time.sleep(_LOOK_S)
        raise OutsideError(
            f"node {node}: a model is on trial for {_TRIAL_S:.0f} s: see edgewise model status"
        )

    def push(self, node: str, progress: Callable[[int, int], None]) -> Verdict:
        """Send the model; return the verdict of ``node``."""
        target = Target(self._base, node, self._secrets[node])
        return push(self._client, target, self._data, progress=progress, silence_s=self._silence_s)
