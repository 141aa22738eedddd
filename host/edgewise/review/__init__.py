"""What is worth a label next: unusual episodes, times of doubt, times when two models differ.

May import: database, errors, logs, package, prediction, times, unusual.
"""

from edgewise.review.candidates import find_candidates
from edgewise.review.choice import N_MAX, choose
from edgewise.review.episodes import Episode, episode_words, episodes_of
from edgewise.review.newest import new_model
from edgewise.review.proposal import Proposal, Span
from edgewise.review.review import propose
from edgewise.review.text import as_csv, as_dict

__all__ = [
    "N_MAX",
    "Episode",
    "Proposal",
    "Span",
    "as_csv",
    "as_dict",
    "choose",
    "episode_words",
    "episodes_of",
    "find_candidates",
    "new_model",
    "propose",
]
