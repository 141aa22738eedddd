# micropython tests/run_micropython.py FILE: every test in it, without a test framework.
import sys

folder, name = sys.argv[1].rsplit("/", 1)
sys.path[:0] = (folder, sys.path[0] + "/..")  # for tests.counts
module = __import__(name[:-3])
ran = 0
for test in sorted(dir(module)):
    if test.startswith("test_"):
        print(test)
        getattr(module, test)()
        ran += 1
print(ran, "passed")
