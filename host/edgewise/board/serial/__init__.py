"""What a node says on its serial line: read it, show it, write it down."""
