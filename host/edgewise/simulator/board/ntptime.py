# The simulated clock is right at once: the log's own time.


def settime():
    pass
