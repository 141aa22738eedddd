"""What a detector of unusual readings knows: its limits, and the false alarms that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["NORMAL", "UNUSUAL", "Alarms", "Care", "Detector", "Limit"]

NORMAL, UNUSUAL = "normal", "unusual"
_WEEK_DAYS = 7


@dataclass(frozen=True)
class Limit:
    """A reading is unusual where ``feature`` is above ``limit``; ``usual``: its high quantile.

    Both are in the unit of the feature: hundredths, or readings for ``since``.
    """

    feature: str
    usual: int
    limit: int


@dataclass(frozen=True)
class Alarms:
    """``episodes`` of unusual readings in ``days`` of readings, of all nodes together."""

    episodes: int
    days: float

    @property
    def per_week(self) -> float | None:
        """Episodes a week and node; None without readings."""
        return self.episodes * _WEEK_DAYS / self.days if self.days else None


@dataclass(frozen=True)
class Care:
    """No limit is below ``times`` the largest value of the log, nor below ``1 / part`` of that
    for any room; 0: no such bound."""

    times: int = 0
    part: int = 0


@dataclass(frozen=True)
class Detector:
    """``limits``: ``k`` times the ``quantile`` of each feature, where ``care`` asks for no more;
    ``wanted_per_week``: false alarms a week and node.

    ``chosen``: on the held-out parts that k and quantile were chosen on; ``test``: on the test
    part, which took no part in the choice.
    """

    limits: list[Limit]
    quantile: float
    k: float
    wanted_per_week: float
    chosen: Alarms
    test: Alarms
    care: Care = Care()

    def head(self, features: list[str]) -> dict[str, list[int]]:
        """Return the facts of `edgenode.core.detector` for a model with these features."""
        return {
            "feature": [features.index(limit.feature) for limit in self.limits],
            "usual": [limit.usual for limit in self.limits],
            "limit": [limit.limit for limit in self.limits],
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the key ``detector`` of model.json."""
        return asdict(self)

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> Detector | None:
        """Return the detector of a checked model.json; None for a model without one."""
        facts = info.get("detector")
        if facts is None:
            return None
        limits = [Limit(**limit) for limit in facts["limits"]]
        alarms = {key: Alarms(**facts[key]) for key in ("chosen", "test")}
        care = Care(**facts.get("care", {}))
        return cls(**{**facts, "limits": limits, **alarms, "care": care})
