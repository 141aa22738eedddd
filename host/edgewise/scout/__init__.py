"""What tsfresh's features know about a log that the catalogue's do not.

May import: errors, features, logs, toolchain, training.
"""

from edgewise.scout.gain import Gain, measure_gain
from edgewise.scout.ranking import Ranked, ranking_csv
from edgewise.scout.scout import Scouted, scout
from edgewise.scout.words import describe

__all__ = ["Gain", "Ranked", "Scouted", "describe", "measure_gain", "ranking_csv", "scout"]
