"""Votes of an int8 network as native code; same table, signature and result as net_plain."""

import micropython


@micropython.viper
def votes(table: ptr16, x: ptr16, out: ptr32, work: ptr32):
    bytes_ = ptr8(table)
    n = int(table[0])
    n_classes = int(table[3])
    half = int(table[4])
    k = 5 + n
    i = 0
    while i < n:
        # ptr16 reads unsigned: ^ 32768 puts the int16 in biased order
        v = int(x[i]) ^ 32768
        stairs = k + 255 * int(table[5 + i])
        level = 0
        step = 128
        while step:
            if int(table[stairs + level + step - 1]) <= v:
                level += step
            step >>= 1
        work[i] = level
        i += 1
    k += 255 * int(table[1])
    at = 0
    layers = int(table[2])
    while layers:
        layers -= 1
        n_out = int(table[k]) & 255
        if int(table[k]) >> 8:
            i = at
            while i < at + n:
                work[i] = int(bytes_[(k + 1 << 1) + int(work[i])])
                i += 1
            k += 129
            continue
        high = int(table[k + 1])
        k += 2
        total = 0
        i = at
        while i < at + n:
            total += int(work[i])
            i += 1
        j = half - at
        end = j + n_out
        while j < end:
            s = int(table[k]) + (((int(table[k + 1]) ^ 32768) - 32768) << 16) - 128 * total
            b = k + 10 << 1
            i = at
            while i < at + n:
                s += int(bytes_[b]) * int(work[i])
                b += 1
                i += 1
            if s < 0:
                s = 0
            b = k + 2 << 1  # the factor
            c = k + 5 << 1  # the summand
            r = s * int(bytes_[b]) + int(bytes_[c]) >> 8
            r = r + s * int(bytes_[b + 1]) + int(bytes_[c + 1]) >> 8
            r = r + s * int(bytes_[b + 2]) + int(bytes_[c + 2]) >> 8
            r = r + s * int(bytes_[b + 3]) + int(bytes_[c + 3]) >> 8
            r = r + s * int(bytes_[b + 4]) + int(table[k + 7]) + (int(table[k + 8]) << 16)
            r = (r >> int(bytes_[b + 5])) + int(table[k + 9])
            if r > high:
                r = high
            work[j] = r
            j += 1
            k += 10 + (n + 1 >> 1)
        at = half - at
        n = n_out
    best = 0
    c = 1
    while c < n_classes:
        if int(work[at + c]) > int(work[at + best]):
            best = c
        c += 1
    total = 0
    c = 0
    while c < n_classes:
        v = int(table[k + int(work[at + best]) - int(work[at + c])])
        out[c] = v
        total += v
        c += 1
    left = 1000
    c = 0
    while c < n_classes:
        if c != best:
            v = int(out[c]) * 1000 // total
            out[c] = v
            left -= v
        c += 1
    out[best] = left
