# Native code says what the plain code says: the features of the last readings, and the loops of
# memory and detector. Random problems, the extremes of every sensor among them.
from array import array

from tests.chance import Random
from tests.counts import count

from edgenode.core import detector, features, features_plain, features_viper, heads, heads_viper
from edgenode.core import temporal as memory
from edgenode.core.catalogue import CHANNELS, KINDS
from edgenode.core.headcheck import LIMIT_MAX, SAID_MAX, STEP_TOTAL, check_heads
from edgenode.core.loader import CLASSES_MAX

PROBLEMS = count(40, 200)


def catalogue(r, n):
    names = []
    for _ in range(n):
        kind = sorted(KINDS)[r(len(KINDS))]
        name = CHANNELS[r(4)] + "_" + kind
        if KINDS[kind]:
            name += "_%d" % (1 + r(KINDS[kind]))
        if name not in names:
            names.append(name)
    return names


def readings(r, n):
    # flat stretches, ramps, and jumps from end to end
    t_dc, h_pm = r(1201) - 400, r(1001)
    step = 0
    for _ in range(n):
        if not r(12):
            step = (0, 1, 5, 60, 2000)[r(5)]
        t_dc = min(800, max(-400, t_dc + r(2 * step + 1) - step))
        h_pm = min(1000, max(0, h_pm + r(2 * step + 1) - step))
        yield t_dc, h_pm


def test_it_is_what_this_port_runs():
    assert isinstance(features.make_features(["t_level"]), features_viper.Features)
    assert heads._native() == (heads_viper.weigh, heads_viper.strongest)


def test_features_are_the_same_and_so_is_what_sleep_keeps():
    for seed in range(1, PROBLEMS + 1):
        r = Random(seed)
        names = catalogue(r, 1 + r(40))
        plain, native = features_plain.Features(names), features_viper.Features(names)
        assert plain.kept_bytes == native.kept_bytes
        for t_dc, h_pm in readings(r, 300):
            assert plain.push(t_dc, h_pm) == native.push(t_dc, h_pm), (seed, names)
            if not r(80):
                plain.clear()
                native.clear()
            elif not r(80):
                images = [bytearray(b"\xaa" * (plain.kept_bytes + 9)) for _ in range(2)]
                plain.save(images[0], 5)
                native.save(images[1], 5)
                assert images[0] == images[1], (seed, names)
                plain, native = features_plain.Features(names), features_viper.Features(names)
                for one in (plain, native):
                    one.push(1, 1)  # what is forgotten
                    one.load(images[0], 5)


def test_the_ends_of_the_range_are_the_same():
    for n in (2, 119, 120):
        names = ["%s_%s_%d" % (c, k, n) for c in CHANNELS for k in ("mean", "dev", "slope", "std")]
        names += ["%s_range_%d" % (c, n) for c in CHANNELS]
        for period in (1, 7, n // 2, n):
            plain, native = features_plain.Features(names), features_viper.Features(names)
            for i in range(3 * n):
                high = i // max(period, 1) & 1
                reading = (800 if high else -400, 1000 if high else 0)
                assert plain.push(*reading) == native.push(*reading), (n, period, i)


def temporal_facts(r, n):
    step = []
    for _ in range(n):
        row = [0] * n
        if r(4):
            for _ in range(64):
                row[r(n)] += STEP_TOTAL >> 6
        else:
            row[r(n)] = STEP_TOTAL
        step += row
    extreme = not r(5)
    said = [SAID_MAX if extreme else 1 + r(SAID_MAX) for _ in range(2 * n * n)]
    facts = {"step": step, "said": said}
    check_heads({"temporal": facts}, n, 2, 60000)
    return facts


def test_the_memory_is_the_same():
    for seed in range(1, PROBLEMS + 1):
        r = Random(seed)
        n = 2 + r(CLASSES_MAX - 1)
        facts = temporal_facts(r, n)
        plain = memory.Temporal(facts, n)
        native = memory.Temporal(facts, n, heads_viper.weigh)
        for _ in range(100):
            said, age = r(n), 1 + r(12)
            assert plain.push(said, age) == native.push(said, age), seed
            assert plain.p_pc == native.p_pc
            assert plain._shares == native._shares
            assert max(native._next) < 1 << 27


def test_the_detector_is_the_same():
    for seed in range(1, PROBLEMS + 1):
        r = Random(seed)
        n = 1 + r(16)
        facts = {"feature": list(range(n)), "usual": [0] * n}
        facts["limit"] = [(1, LIMIT_MAX, 1 + r(3000))[r(3)] for _ in range(n)]
        names = ["thda"[r(4)] + "_level" for _ in range(n)]
        plain = detector.Detector(facts, names)
        native = detector.Detector(facts, names, heads_viper.strongest)
        x = array("h", bytes(2 * n))
        for _ in range(100):
            for i in range(n):
                x[i] = (0, 32766, -32766, r(65521) - 32760, r(4000))[r(5)]
            assert plain.push(x) == native.push(x), seed
            assert (plain.u, plain.k, plain.value) == (native.u, native.k, native.value), seed
