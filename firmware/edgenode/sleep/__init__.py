"""The node that sleeps between readings."""
