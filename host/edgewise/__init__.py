"""Edgewise: scikit-learn on a five-euro board."""

__version__ = "0.1.0"
