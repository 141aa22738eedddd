import json
import os

from edgenode.drivers import flash
from edgenode.settings import sealed


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def begin_boot(power_on=False):
    boot = flash.Boot("boot.test")
    boot.begin(power_on)
    return boot


def test_starts_are_counted():
    put("boot.test", b"41")
    assert begin_boot().number == 42
    assert begin_boot(True).number == 43
    os.remove("boot.test")


def test_the_count_of_an_earlier_version_goes_on():
    put("boot.test", b"41 0 good 0 00c0ffee")
    for number in (42, 43):
        boot = flash.Boot("boots.test/boot", "boot.test")
        boot.begin(True)
        assert (boot.number, boot.life) == (number, "00c0ffee")
        assert "boot.test" not in os.listdir()
    os.remove("boots.test/boot")
    boot.begin(True)  # a new flash
    assert boot.number > 44
    os.remove("boots.test/boot")
    os.rmdir("boots.test")


def test_a_new_flash_has_numbers_of_its_own():
    numbers = set()
    for _ in range(5):
        number = begin_boot().number
        assert begin_boot().number == number + 1
        assert 0 < number < 1 << 24 and number not in numbers  # a small int of 31 bits
        numbers.add(number)
        os.remove("boot.test")
    put("boot.test", b"torn")
    assert begin_boot().number not in numbers
    os.remove("boot.test")


def test_the_life_of_a_flash_stays_until_it_is_rewritten():
    lives = set()
    for line in (None, b"41", b"7 0 good 0"):  # none, and those of earlier versions
        if line:
            put("boot.test", line)
        life = begin_boot().life
        assert len(life) == 8 and int(life, 16) >= 0
        boot = begin_boot()
        boot.record_good()
        assert boot.life == begin_boot().life == life
        lives.add(life)
        os.remove("boot.test")
    assert len(lives) == 3


def test_three_ways_to_end_badly():
    put("boot.test", b"7")
    assert begin_boot().bad == 0
    assert begin_boot().bad == 1  # the watchdog ended it at its beginning
    begin_boot().record_crash()
    assert begin_boot(True).bad == 3  # a crash is one however the next start came
    assert begin_boot(True).bad == 3  # a power cut is none, and no good start either
    os.remove("boot.test")


def test_a_good_start_forgets_the_bad_ones():
    put("boot.test", b"7 2 running 0")
    boot = begin_boot()
    assert boot.bad == 3
    boot.record_good()
    boot.record_crash()  # after a minute of good work
    assert begin_boot().bad == 0
    begin_boot().record_end()
    assert begin_boot().bad == 0
    os.remove("boot.test")


def test_safe_mode_on_demand_stays_until_it_is_ended():
    put("boot.test", b"7")
    begin_boot().want_safe(True)
    assert begin_boot().safe and begin_boot(True).safe
    begin_boot().want_safe(False)
    assert not begin_boot().safe
    os.remove("boot.test")


def test_one_more_chance():
    put("boot.test", b"7 2 running 0")
    boot = begin_boot()
    assert boot.bad == 3
    boot.leave_safe_mode()
    assert begin_boot().bad == 2
    assert begin_boot().bad == 3
    os.remove("boot.test")


def test_writing_leaves_no_second_file():
    flash.write("file.test", b"new")
    assert "file.test.tmp" not in os.listdir()
    assert flash.read("file.test") == b"new"
    os.remove("file.test")


def clean():
    flash.remove("c.test")
    flash.remove("c.test.old")


def test_a_checked_file_is_still_json():
    sealed.write(flash, "c.test", '{"a":1}')
    assert json.loads(flash.read("c.test").decode())["a"] == 1
    assert sealed.read(flash, "c.test") == ('{"a":1}', False)
    clean()


def test_one_that_was_written_by_hand_is_taken():
    put("c.test", b'{"a": 1}')
    assert sealed.read(flash, "c.test") == ('{"a": 1}', False)
    clean()


def test_the_previous_one_serves_when_this_one_is_damaged():
    sealed.write(flash, "c.test", '{"a":1}')
    sealed.write(flash, "c.test", '{"a":2}')
    data = flash.read("c.test")
    for i in range(len(data) - 20):
        put("c.test", data[:i] + bytes((data[i] ^ 4,)) + data[i + 1 :])
        assert sealed.read(flash, "c.test") == ('{"a":1}', True)
    flash.remove("c.test")
    assert sealed.read(flash, "c.test") == ('{"a":1}', True)
    assert flash.restore("c.test")
    assert sealed.read(flash, "c.test") == ('{"a":1}', False)
    assert not flash.restore("c.test")
    clean()
    try:
        sealed.read(flash, "c.test")
    except OSError:
        pass
    else:
        raise AssertionError


def test_a_flash_that_takes_nothing_does_not_stop_the_start():
    put("boot.test", b"41 0 good 0 0011aabb")
    write = flash.write

    def fail(path, data):
        raise OSError(28)

    flash.write = fail
    try:
        boots = [begin_boot() for _ in range(3)]
        for boot in boots:
            boot.record_good()
            boot.record_end()
    finally:
        flash.write = write
        os.remove("boot.test")
    # each start counts from a number of its own, so that no key comes twice
    assert len({b.number for b in boots} | {42}) == 4
