"""Pure integer code, the same on the board and in the trainer."""
