# How many: few in `make test`, all in `make test-all`. For both interpreters.
import os

WHOLE = os.getenv("EDGEWISE_TESTS") == "whole"


def count(few, whole):
    return whole if WHOLE else few
