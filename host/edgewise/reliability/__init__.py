"""What the node does when the world outside goes wrong: scenarios, a soak, a drained backlog."""
