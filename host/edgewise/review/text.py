"""Proposals as CSV and as JSON, with times in UTC."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from edgewise.logs.formulas import as_text
from edgewise.review.proposal import Proposal
from edgewise.times import iso

__all__ = ["as_csv", "as_dict"]


def as_dict(proposal: Proposal) -> dict[str, object]:
    """Return a proposal as JSON has it."""
    return {
        "from": iso(proposal.span.from_s),
        "to": iso(proposal.span.to_s),
        "kind": proposal.kind,
        "class": proposal.cls,
        "why": proposal.words,
        "usefulness": round(proposal.usefulness, 3),
    }


def as_csv(node: str, proposals: Sequence[Proposal]) -> str:
    """Return a header and a row for each proposal of ``node``."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("node", "from", "to", "kind", "class", "why"))
    for proposal in proposals:
        facts = as_dict(proposal)
        others = (as_text(str(facts[key] or "")) for key in ("kind", "class", "why"))
        rows.writerow((as_text(node), facts["from"], facts["to"], *others))
    return text.getvalue()
