# Random numbers for tests: the same on both interpreters, whatever their integers.


class Random:
    def __init__(self, seed):
        self._x = seed

    def __call__(self, n):
        # 0..n - 1; the product is below 2^27
        self._x = (self._x * 1103 + 12345) % 65521
        return self._x % n
