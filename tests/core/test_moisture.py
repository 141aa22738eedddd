from math import exp

from edgenode.core import moisture


def test_the_table_is_the_formula_of_wmo_no_8():
    for t in range(-40, 81):
        assert abs(moisture.saturation(10 * t) - 6112 * exp(17.62 * t / (243.12 + t))) < 0.51


def test_dew_point_at_saturation_is_the_temperature():
    for t_dc in range(-400, 801):
        assert abs(moisture.dew_point_dc(t_dc, 1000) - t_dc) <= 1


def test_dew_point_of_known_air():
    # Magnus formula of WMO-No. 8: 20 C and 50 % -> 9.26 C; 25/60 -> 16.69; 30/30 -> 10.53;
    # -10/70 -> -14.35; 80/10 -> 33.13
    for t_dc, h_pm, dew_dc in (
        (200, 500, 93),
        (250, 600, 167),
        (300, 300, 105),
        (-100, 700, -144),
    ):
        assert abs(moisture.dew_point_dc(t_dc, h_pm) - dew_dc) <= 1


def test_dew_point_grows_with_humidity_and_never_exceeds_the_temperature():
    for t_dc in range(-400, 801, 37):
        before = -400
        for h_pm in range(0, 1001):
            dew_dc = moisture.dew_point_dc(t_dc, h_pm)
            assert before <= dew_dc <= t_dc + 1
            before = dew_dc


def test_absolute_humidity_of_known_air():
    # 2.1667 e / T: 20 C and 50 % -> 8.63 g/m3; 25/60 -> 13.8; 0/100 -> 4.85
    for t_dc, h_pm, dg in ((200, 500, 86), (250, 600, 138), (0, 1000, 48)):
        assert abs(moisture.absolute_dg(t_dc, h_pm) - dg) <= 1
    assert moisture.absolute_dg(800, 1000) == moisture.ABSOLUTE_MAX
    assert moisture.absolute_dg(-400, 0) == 0
