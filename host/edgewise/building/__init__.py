"""From the node's sources to what lies on the board's flash."""
