# Nothing happens before main.py: a board without configuration stays open to mpremote.
