# micropython tests/core/run.py: every test of this folder, without a test framework.
import os
import sys

here = __file__.rsplit("/", 1)[0]
sys.path.insert(0, here)
ran = 0
for name in sorted(os.listdir(here)):
    if name.startswith("test_") and name.endswith(".py"):
        module = __import__(name[:-3])
        for test in sorted(dir(module)):
            if test.startswith("test_"):
                getattr(module, test)()
                ran += 1
print(ran, "passed")
