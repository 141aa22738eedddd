from array import array

from edgenode.core import decode


def frame(h, t):
    body = bytes((h >> 8, h & 255, t >> 8, t & 255))
    return body + bytes((sum(body) & 255,))


def decoded(h, t):
    out = array("h", (7, 7))
    return decode.decode(frame(h, t), out), out[0], out[1]


def test_positive_value_of_the_datasheet():
    assert decoded(652, 351) == (decode.OK, 351, 652)


def test_three_encodings_of_negative_temperatures():
    assert decoded(652, 0x8000 | 101)[1] == -101
    assert decoded(652, 0x10000 - 8)[1] == -8
    assert decoded(652, 0x0FF8)[1] == -8


def test_every_temperature_survives_sign_and_magnitude():
    for t in range(-400, 801):
        raw = t if t >= 0 else 0x8000 | -t
        assert decode.temperature_dc(raw) == t


def test_every_negative_survives_twos_complement():
    for t in range(-400, 0):
        assert decode.temperature_dc(t & 0xFFFF) == t
        assert decode.temperature_dc(t & 0x0FFF) == t


def test_bad_checksum_leaves_the_output_alone():
    bad = bytearray(frame(652, 351))
    bad[4] ^= 1
    out = array("h", (7, 7))
    assert decode.decode(bad, out) == decode.CHECKSUM
    assert list(out) == [7, 7]


def test_out_of_range_is_refused():
    assert decoded(1001, 200) == (decode.RANGE, 7, 7)
    assert decoded(500, 801)[0] == decode.RANGE
    assert decoded(500, 0x8000 | 401)[0] == decode.RANGE
    assert decoded(1000, 800)[0] == decode.OK


def test_bogus_frames_are_refused():
    for t, h in ((10, 10), (0, 10), (0, 0)):
        assert decoded(h, t)[0] == decode.BOGUS
    assert decoded(450, 0)[0] == decode.OK


def test_every_code_has_a_name():
    assert decode.ERRORS[decode.OK] == "ok"
    assert decode.ERRORS[decode.TIMEOUT] == "timeout"
    assert decode.ERRORS[decode.BOGUS] == "bogus"
