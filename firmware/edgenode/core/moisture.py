"""Dew point and absolute humidity from t_dc and h_pm, by a table and integers."""

# Saturation vapour pressure over water in 0.1 Pa for -40, -39 .. 80 C: 6112 exp(17.62 t /
# (243.12 + t)), WMO-No. 8 (2008), annex 4.B. Times h_pm <= 1000 it fits 30 bits: 473e6.
_ES = (
    190,
    211,
    234,
    259,
    286,
    316,
    348,
    384,
    423,
    465,
    512,
    562,
    617,
    676,
    741,
    811,
    887,
    970,
    1059,
    1155,
    1260,
    1372,
    1494,
    1625,
    1766,
    1919,
    2083,
    2259,
    2448,
    2652,
    2870,
    3105,
    3356,
    3625,
    3913,
    4222,
    4552,
    4904,
    5281,
    5683,
    6112,
    6569,
    7057,
    7576,
    8129,
    8717,
    9343,
    10008,
    10714,
    11464,
    12260,
    13105,
    14000,
    14948,
    15953,
    17017,
    18142,
    19333,
    20591,
    21921,
    23326,
    24809,
    26374,
    28025,
    29766,
    31601,
    33533,
    35569,
    37711,
    39966,
    42337,
    44830,
    47450,
    50203,
    53094,
    56128,
    59313,
    62653,
    66156,
    69827,
    73675,
    77704,
    81924,
    86341,
    90963,
    95797,
    100852,
    106137,
    111659,
    117427,
    123452,
    129741,
    136304,
    143152,
    150294,
    157742,
    165504,
    173593,
    182020,
    190796,
    199933,
    209443,
    219338,
    229632,
    240337,
    251467,
    263035,
    275056,
    287543,
    300512,
    313977,
    327954,
    342458,
    357506,
    373114,
    389299,
    406077,
    423468,
    441487,
    460155,
    479489,
)
_T0_DC = -400
_LAST = 119  # the last whole interval
DEW_MIN_DC = -400
ABSOLUTE_MAX = 1000


def saturation(t_dc):
    # 0.1 Pa at t_dc, linear between whole degrees: 0.05 % too high at most.
    i = (t_dc - _T0_DC) // 10
    rest = (t_dc - _T0_DC) % 10
    if i > _LAST:
        return _ES[_LAST + 1]
    low = _ES[i]
    return low + (rest * (_ES[i + 1] - low) + 5) // 10


def dew_point_dc(t_dc, h_pm):
    # Where the saturation pressure is what it is now; not below -40.0 C.
    e = (saturation(t_dc) * h_pm + 500) // 1000
    if e <= _ES[0]:
        return DEW_MIN_DC
    low = 0
    high = _LAST + 1
    while high - low > 1:
        middle = (low + high) >> 1
        if _ES[middle] <= e:
            low = middle
        else:
            high = middle
    step = _ES[high] - _ES[low]
    return _T0_DC + 10 * low + (20 * (e - _ES[low]) + step) // (2 * step)


def absolute_dg(t_dc, h_pm):
    # Water vapour in 0.1 g/m3: 2.1667 g K/J * e / T, at most 100.0.
    e = (saturation(t_dc) * h_pm + 500) // 1000
    kelvin_d = t_dc + 2732
    v = (217 * e + 5 * kelvin_d) // (10 * kelvin_d)
    return v if v < ABSOLUTE_MAX else ABSOLUTE_MAX
