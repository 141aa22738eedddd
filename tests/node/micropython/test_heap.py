# The heap's second area is as small as asked: what ESP-IDF and MicroPython's heap do, in numbers.
import os
import sys

from edgenode.start import heap

LARGEST = 110592
REST = 33000  # of the system, in other regions
POOL = 51000  # free in the first area
AREA_BYTES = 30720


class System:
    # One piece of memory: stacks of threads and the second area are taken from it.
    HEAP_DATA = 1

    def __init__(self, largest=LARGEST, threads_max=9):
        self.largest = largest
        self.taken = 0
        self.stacks = 0
        self.stack_bytes = 0
        self.threads_max = threads_max
        self.area = None
        self.blocks = 0

    def idf_heap_info(self, kind):
        assert kind == self.HEAP_DATA
        piece = self.largest - self.stacks - (self.area or 0)
        return [(self.largest, piece, piece, 0), (REST, REST, REST >> 1, 0)]

    def stack_size(self, n):
        self.stack_bytes = n

    def start_new_thread(self, call, args):
        if not self.threads_max:
            raise OSError("can't create thread")
        self.threads_max -= 1
        self.stacks += self.stack_bytes

    def allocate_lock(self):
        return Lock(self)

    def bytearray(self, n):
        self.blocks += n
        if self.blocks > POOL and self.area is None:
            piece = self.largest - self.stacks
            if piece < 2048:
                raise MemoryError
            self.area = min(57344, piece)
        return bytes(1)


class Lock:
    held = 0

    def __init__(self, system):
        self.system = system

    def acquire(self):
        Lock.held += 1

    def release(self):
        Lock.held -= 1
        self.system.stacks = 0


def divide(system):
    sys.modules["esp32"] = sys.modules["_thread"] = system
    heap.bytearray = system.bytearray
    try:
        return heap.divide()
    finally:
        del heap.bytearray, sys.modules["esp32"], sys.modules["_thread"]
        assert Lock.held == 0
        assert system.stacks == 0 and system.stack_bytes == 0


def test_the_second_area_is_what_the_threads_leave():
    system = System()
    assert divide(system) is not None
    assert system.area == AREA_BYTES


def test_a_thread_that_cannot_start_leaves_the_heap_as_it_is():
    system = System(threads_max=0)
    assert divide(system) is None
    assert system.area is None


def test_a_board_that_has_more_or_too_little_is_left_alone():
    for largest in (4000000, AREA_BYTES):
        system = System(largest)
        assert divide(system) is None
        assert system.blocks == 0


def test_after_a_run_without_memory_the_heap_is_as_micropython_makes_it():
    with open("crash.log", "w") as file:
        file.write("Traceback\nMemoryError: tls: no memory, the system has 9000 bytes")
    system = System()
    assert divide(system) is None
    os.remove("crash.log")
    assert divide(system) is not None


def test_a_machine_without_such_a_heap_is_left_alone():
    assert heap.divide() is None
