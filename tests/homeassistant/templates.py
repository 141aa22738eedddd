"""Templates as Home Assistant renders them, as far as the announcements use them."""

from __future__ import annotations

import math

from jinja2 import Environment, StrictUndefined

__all__ = ["TEMPLATES"]

TEMPLATES = Environment(undefined=StrictUndefined)
TEMPLATES.globals.update(e=math.e, log=math.log)  # of Home Assistant, not of Jinja
