"""The Edgewise node."""
