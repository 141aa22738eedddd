# The simulated clock needs no setting: it has the time of the log.


def settime():
    pass
