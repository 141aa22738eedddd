"""The loops of the heads as native code; same tables, signatures and results as the plain ones.

They are in core.temporal and core.detector.
"""

import micropython


@micropython.viper
def weigh(table: ptr16, row: int, shares: ptr16, following: ptr32) -> int:
    n = int(table[0])
    total = best = c = 0
    while c < n:
        k = 1 + c
        s = i = 0
        while i < n:
            s += int(shares[i]) * int(table[k])
            k += n
            i += 1
        s = (s >> 12) * int(table[row + c])
        following[c] = s
        total += s
        if s > int(following[best]):
            best = c
        c += 1
    shift = 0
    while total >> shift >= 16384:
        shift += 1
    total = c = 0
    while c < n:
        s = int(following[c]) >> shift
        if not s:
            s = 1
        shares[c] = s
        total += s
        c += 1
    return best << 7 | (100 * int(shares[best]) + (total >> 1)) // total


@micropython.viper
def strongest(table: ptr8, limits: ptr16, x: ptr16) -> int:
    n = int(table[0])
    u = k = i = 0
    most = -1
    while i < n:
        # ptr16 reads unsigned
        value = (int(x[int(table[1 + i])]) ^ 32768) - 32768
        pc = 0
        if value > 0:
            limit = int(limits[i])
            pc = (100 * value + limit - 1) // limit
            if pc > u:
                u = pc
            if pc > 100 and int(table[1 + n + i]):
                pc += 8388608
        if pc > most:
            most = pc
            k = i
        i += 1
    return u << 4 | k
