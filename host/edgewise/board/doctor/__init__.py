"""The checks of `edgewise doctor` on a board."""
