"""A new model: taken into use, or back to the one before."""
