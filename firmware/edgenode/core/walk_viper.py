"""Votes of a forest as native code; same table, signature and result as walk_plain."""

import micropython


@micropython.viper
def votes(table: ptr16, x: ptr16, out: ptr32):
    n_nodes = int(table[0])
    n_trees = int(table[1])
    n_classes = int(table[2])
    nodes = 3 + n_trees
    leaves = nodes + (n_nodes << 2)
    c = 0
    while c < n_classes:
        out[c] = 0
        c += 1
    tree = 0
    while tree < n_trees:
        i = int(table[3 + tree])
        while i < n_nodes:
            k = nodes + (i << 2)
            # ptr16 reads unsigned; + 32768 modulo 65536 puts the int16 in biased order
            if (int(x[int(table[k])]) + 32768) & 0xFFFF < int(table[k + 1]):
                i = int(table[k + 2])
            else:
                i = int(table[k + 3])
        k = leaves + (i - n_nodes) * n_classes
        c = 0
        while c < n_classes:
            out[c] = int(out[c]) + int(table[k + c])
            c += 1
        tree += 1
