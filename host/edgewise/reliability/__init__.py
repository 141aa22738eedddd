"""How the node holds out, in figures."""
