from array import array

from edgenode.core import decode


def frame(h, t):
    body = bytes((h >> 8, h & 255, t >> 8, t & 255))
    return body + bytes((sum(body) & 255,))


def decoded(h, t):
    out = array("h", (7, 7))
    return decode.Decoder("dht22").decode(frame(h, t), out), out[0], out[1]


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
    assert decode.Decoder("dht22").decode(bad, out) == decode.CHECKSUM
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


def test_the_encoding_is_remembered():
    d = decode.Decoder("dht22")
    out = array("h", (7, 7))
    assert d.decode(frame(500, 200), out) == decode.OK
    assert decode.ENCODINGS[d.encoding] == "unknown"
    assert d.decode(frame(500, 0x8000 | 5), out) == decode.OK
    assert decode.ENCODINGS[d.encoding] == "sign"
    # the same sensor does not change its mind for a frame or two
    assert d.decode(frame(500, 0x10000 - 8), out) == decode.RANGE
    assert d.decode(frame(500, 0x10000 - 8), out) == decode.RANGE
    assert d.decode(frame(500, 210), out) == decode.OK
    assert d.decode(frame(500, 0x10000 - 8), out) == decode.RANGE
    assert out[0] == 210
    # it was the first frame that was wrong
    assert d.decode(frame(500, 0x10000 - 9), out) == decode.RANGE
    assert d.decode(frame(500, 0x10000 - 9), out) == decode.OK
    assert (out[0], decode.ENCODINGS[d.encoding]) == (-9, "twos16")


def dht11(h, h_tenth, t, t_tenth):
    body = bytes((h, h_tenth, t, t_tenth))
    out = array("h", (7, 7))
    code = decode.Decoder("dht11").decode(body + bytes((sum(body) & 255,)), out)
    return code, out[0], out[1]


def test_dht11():
    assert dht11(45, 0, 23, 0) == (decode.OK, 230, 450)
    assert dht11(45, 5, 23, 8) == (decode.OK, 238, 455)
    assert dht11(45, 0, 3, 0x80 | 5) == (decode.OK, -35, 450)
    assert dht11(45, 0, 61, 0)[0] == decode.RANGE
    assert dht11(45, 0, 21, 0x80)[0] == decode.RANGE
    assert dht11(101, 0, 20, 0)[0] == decode.RANGE
    assert dht11(45, 11, 20, 0)[0] == decode.RANGE
    assert dht11(1, 0, 1, 0)[0] == decode.BOGUS


def test_any_frame_is_counted_and_none_out_of_range_is_taken():
    for kind in ("dht22", "dht11"):
        d = decode.Decoder(kind)
        out = array("h", (0, 0))
        counts = [0] * len(decode.ERRORS)
        x = 1
        for i in range(5000):
            f = bytearray(frame(500, 200) if kind == "dht22" else b"\x2d\x00\x17\x00\x44")
            for _ in range(1 + i % 3):
                x = (x * 75 + 74) % 65537
                f[x % 5] ^= 1 << (x >> 8) % 8
            if i & 1:
                f[4] = (f[0] + f[1] + f[2] + f[3]) & 255
            out[0], out[1] = 7, 7
            code = d.decode(f, out)
            counts[code] += 1
            if code == decode.OK:
                assert decode.check(out[0], out[1]) == decode.OK
            else:
                assert (out[0], out[1]) == (7, 7)
        assert sum(counts) == 5000
        assert counts[decode.OK] > 500 and counts[decode.CHECKSUM] > 1000
        assert counts[decode.RANGE] > 500
