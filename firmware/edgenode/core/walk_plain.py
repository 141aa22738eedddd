"""Votes of a forest, in plain Python: the reference for every other form."""

# The table, 16-bit words: nodes, trees, classes; a root a tree; four words a node (feature,
# threshold + 32768, left, right); the votes of each leaf, one word a class. Left on
# x < threshold. An index of `nodes` and more is a leaf.


def votes(table, x, out):
    n_nodes = table[0]
    n_trees = table[1]
    n_classes = table[2]
    nodes = 3 + n_trees
    leaves = nodes + 4 * n_nodes
    for c in range(n_classes):
        out[c] = 0
    for tree in range(n_trees):
        i = table[3 + tree]
        while i < n_nodes:
            k = nodes + 4 * i
            i = table[k + 2] if x[table[k]] + 32768 < table[k + 1] else table[k + 3]
        k = leaves + (i - n_nodes) * n_classes
        for c in range(n_classes):
            out[c] += table[k + c]


def visits(table, x):
    # Nodes that one prediction passes, leaves included.
    n_nodes = table[0]
    nodes = 3 + table[1]
    n = 0
    for tree in range(table[1]):
        i = table[3 + tree]
        while i < n_nodes:
            n += 1
            k = nodes + 4 * i
            i = table[k + 2] if x[table[k]] + 32768 < table[k + 1] else table[k + 3]
        n += 1
    return n
