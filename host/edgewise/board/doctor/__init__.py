"""What `edgewise doctor` looks at on a board."""
