"""Votes of an int8 network, in plain Python: the reference for the viper one."""

from .compat import const

# The table, 16-bit words: inputs, stairs, layers, classes, the most inputs or outputs of a layer;
# for each input the index of its stairs; the stairs, 255 words each: where the input, + 32768,
# reaches the next of 256 levels; the layers; 256 words: the weight of a class that lies so many
# levels below the best.
# A layer: outputs + 256 * kind. Kind 1 changes levels, and 128 words hold the new ones, two a
# word. Kind 0 has the largest level of an output, and for each output: start (2 words, low first),
# a factor of 39 bits (2 words and the low byte of the third), its shift (the high byte), a summand
# of 60 bits (4 words), the least level, the weights + 128, two a word.
# Levels are int8 values + 128. core.netcheck keeps sums below 2**22 and all else below 2**30.
TOTAL = const(1000)  # votes


def votes(table, x, out, work):
    # work: room for the inputs and the outputs of a layer, in turns
    n = table[0]
    n_classes = table[3]
    half = table[4]
    k = 5 + n
    for i in range(n):
        work[i] = _level(table, k + 255 * table[5 + i], x[i] + 32768)
    k += 255 * table[1]
    at = 0
    for _ in range(table[2]):
        n_out = table[k] & 255
        if table[k] >> 8:
            for i in range(at, at + n):
                work[i] = _byte(table, k + 1, work[i])
            k += 129
            continue
        high = table[k + 1]
        k += 2
        total = 0
        for i in range(at, at + n):
            total += work[i]
        for j in range(n_out):
            s = table[k] + (((table[k + 1] ^ 32768) - 32768) << 16) - 128 * total
            for i in range(n):
                s += _byte(table, k + 10, i) * work[at + i]
            if s < 0:  # all such sums have the least level
                s = 0
            # (s * factor + summand) / 2**(32 + shift), byte by byte
            r = s * (table[k + 2] & 255) + (table[k + 5] & 255) >> 8
            r = r + s * (table[k + 2] >> 8) + (table[k + 5] >> 8) >> 8
            r = r + s * (table[k + 3] & 255) + (table[k + 6] & 255) >> 8
            r = r + s * (table[k + 3] >> 8) + (table[k + 6] >> 8) >> 8
            r = r + s * (table[k + 4] & 255) + table[k + 7] + (table[k + 8] << 16)
            r = (r >> (table[k + 4] >> 8)) + table[k + 9]
            work[half - at + j] = high if r > high else r
            k += 10 + (n + 1 >> 1)
        at = half - at
        n = n_out
    best = 0
    for c in range(1, n_classes):
        if work[at + c] > work[at + best]:
            best = c
    total = 0
    for c in range(n_classes):
        out[c] = table[k + work[at + best] - work[at + c]]
        total += out[c]
    left = TOTAL
    for c in range(n_classes):
        if c != best:
            out[c] = out[c] * TOTAL // total
            left -= out[c]
    out[best] = left


def _level(table, stairs, v):
    # -> how many stairs v has reached
    n = 0
    step = 128
    while step:
        if table[stairs + n + step - 1] <= v:
            n += step
        step >>= 1
    return n


def _byte(table, k, i):
    word = table[k + (i >> 1)]
    return word >> 8 if i & 1 else word & 255
