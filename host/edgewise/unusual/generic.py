"""Limits for any room."""

from __future__ import annotations

from edgewise.training.detector import Limit

__all__ = ["GENERIC"]

# Beyond what an ordinary day of a room has, showers and opened windows included. Usual: the
# largest value of the rooms on which `first_week.LEARN` was chosen, see docs/models.md. Readings
# without a change are limited by what the node learns alone: it counts no more than 3,000.
GENERIC = [
    Limit("t_range_2", 330, 500),
    Limit("h_range_2", 620, 1500),
    Limit("h_range_5", 1180, 4000),
    Limit("h_range_15", 4330, 5000),
    Limit("t_range_60", 1060, 1500),
    Limit("h_range_60", 5030, 6000),
    Limit("a_range_60", 1050, 1500),
    Limit("t_since", 190, 3000),
    Limit("h_since", 60, 3000),
]
