# micropython tests/run_micropython.py FOLDER: every test in it, without a test framework.
import os
import sys

folder = sys.argv[1]
sys.path.insert(0, folder)
ran = 0
for name in sorted(os.listdir(folder)):
    if name.startswith("test_") and name.endswith(".py"):
        module = __import__(name[:-3])
        for test in sorted(dir(module)):
            if test.startswith("test_"):
                print(name, test)
                getattr(module, test)()
                ran += 1
print(ran, "passed")
