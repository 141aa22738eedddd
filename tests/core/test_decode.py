from array import array

from edgenode.core.decode import BOGUS, CHECKSUM, ERRORS, OK, RANGE, SPIKE, STUCK, TIMEOUT, Decoder


def add_checksum(body):
    return bytes(body) + bytes((sum(body) & 255,))


def frame(h, t):
    return add_checksum((h >> 8, h & 255, t >> 8, t & 255))


def decode(bytes_, decoder):
    out = array("h", (7, 7))
    return decoder.decode(bytes_, out), out[0], out[1]


def dht22(h, t, decoder=None):
    return decode(frame(h, t), decoder or Decoder("dht22"))


def dht11(*body):
    return decode(add_checksum(body), Decoder("dht11"))


# the raw value of a temperature in each encoding
WRITE = {
    "sign": lambda t: t if t >= 0 else 0x8000 | -t,
    "twos16": lambda t: t & 0xFFFF,
    "twos12": lambda t: t & 0x0FFF,
}


def test_positive_value_of_the_datasheet():
    assert dht22(652, 351) == (OK, 351, 652)


def test_every_temperature_survives_every_encoding():
    for name in WRITE:
        decoder = Decoder("dht22")
        assert decoder.encoding == "unknown"
        for t in range(800, -401, -1):
            assert dht22(652, WRITE[name](t), decoder) == (OK, t, 652)
            assert decoder.encoding == (name if t < 0 else "unknown")


def test_no_raw_value_out_of_range_is_accepted():
    ok_count = 0
    for raw in range(0x10000):
        code, t, _ = dht22(500, raw)
        ok_count += code == OK
        assert code == RANGE or -400 <= t <= 800
    # each negative value three times, and minus zero
    assert ok_count == 801 + 3 * 400 + 1


def test_another_encoding_is_out_of_range_once_one_is_known():
    for name in WRITE:
        decoder = Decoder("dht22")
        dht22(500, WRITE[name](-3), decoder)
        for other_name in WRITE:
            if other_name != name:
                assert dht22(500, WRITE[other_name](-3), decoder) == (RANGE, 7, 7)
                assert dht22(500, WRITE[other_name](3), decoder)[0] == OK
                assert dht22(500, WRITE[name](-3), decoder)[0] == OK
                assert decoder.encoding == name


def test_three_in_a_row_teach_another_encoding():
    decoder = Decoder("dht22")
    twos12, sign, twos16 = WRITE["twos12"](-5), WRITE["sign"](-5), WRITE["twos16"](-5)
    codes = [
        dht22(500, raw, decoder)[0]
        for raw in (twos12, sign, sign, twos12, sign, sign, twos16, sign, 40, sign, sign)
    ]
    assert codes == [OK, RANGE, RANGE, OK, RANGE, RANGE, RANGE, RANGE, OK, RANGE, OK]
    assert decoder.encoding == "sign"


def test_what_is_not_accepted_teaches_nothing():
    decoder = Decoder("dht22")
    for h, raw in ((1001, 0x8005), (500, 0x8191), (0, 0x8000)):
        assert dht22(h, raw, decoder)[0] in (RANGE, BOGUS)
    assert decoder.encoding == "unknown"


def test_bad_checksum_leaves_the_output_alone():
    for kind in ("dht22", "dht11"):
        data = bytearray(frame(652, 351))
        data[4] ^= 1
        assert decode(data, Decoder(kind)) == (CHECKSUM, 7, 7)


def test_out_of_range_is_refused():
    assert dht22(1001, 200) == (RANGE, 7, 7)
    assert dht22(500, 801)[0] == RANGE
    assert dht22(500, 0x8000 | 401)[0] == RANGE
    assert dht22(1000, 800)[0] == OK


def test_bogus_frames_are_refused():
    for t, h in ((10, 10), (0, 10), (0, 0)):
        assert dht22(h, t)[0] == BOGUS
    assert dht22(450, 0)[0] == OK


def test_dht11_has_whole_parts_and_tenths():
    assert dht11(40, 0, 21, 0) == (OK, 210, 400)
    assert dht11(40, 5, 21, 3) == (OK, 213, 405)
    assert dht11(40, 0, 4, 0x85) == (OK, -45, 400)


def test_dht11_out_of_range():
    for body in (
        (101, 0, 21, 0),
        (100, 1, 21, 0),
        (40, 0, 60, 1),
        (40, 0, 20, 0x81),
        (40, 10, 21, 0),
        (40, 0, 21, 10),
        (2, 140, 1, 95),  # 65.2 %, 35.1 C of a DHT22
    ):
        assert dht11(*body) == (RANGE, 7, 7)
    assert dht11(100, 0, 60, 0)[0] == OK
    assert dht11(40, 0, 20, 0x80) == (OK, -200, 400)


def test_dht11_bogus_frames():
    for body in ((1, 0, 1, 0), (1, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0x80)):
        assert dht11(*body) == (BOGUS, 7, 7)


def test_a_dht11_behind_the_wrong_name_is_out_of_range():
    assert decode(add_checksum((40, 0, 21, 0)), Decoder("dht22"))[0] == RANGE


def test_an_unknown_sensor_is_named():
    try:
        Decoder("dht12")
    except ValueError as e:
        assert str(e) == "sensor dht12 is not known: use dht22 or dht11"
    else:
        raise AssertionError("accepted")


def test_every_code_has_a_name():
    names = ((OK, "ok"), (TIMEOUT, "timeout"), (CHECKSUM, "checksum"), (RANGE, "range"))
    for code, name in names + ((BOGUS, "bogus"), (STUCK, "stuck"), (SPIKE, "spike")):
        assert ERRORS[code] == name
    assert len(ERRORS) == 7
