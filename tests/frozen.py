"""The last import of the process that others are forked from: what it has is not swept in them."""

import gc

gc.freeze()
