import os

from edgenode.drivers import flash


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def test_boot_counts_up():
    put("boot.test", b"41")
    assert flash.next_boot("boot.test") == 42
    assert flash.next_boot("boot.test") == 43
    assert flash.read("boot.test") == b"43"
    os.remove("boot.test")


def test_a_torn_counter_starts_again():
    put("boot.test", b"")
    assert flash.next_boot("boot.test") == 1
    put("boot.test", b"\xff\x00")
    assert flash.next_boot("boot.test") == 1
    os.remove("boot.test")
    assert flash.next_boot("boot.test") == 1
    os.remove("boot.test")


def test_writing_leaves_no_second_file():
    flash.write("file.test", b"new")
    assert "file.test.tmp" not in os.listdir()
    assert flash.read("file.test") == b"new"
    os.remove("file.test")
