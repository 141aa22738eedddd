from array import array

from edgenode.core.choice import make_heads
from edgenode.core.heads import Heads
from edgenode.core.records import UNSURE, class_json, reading

STICKY = {"step": [4000, 96, 96, 4000], "said": [4095, 455, 455, 4095] * 2}


class Trees:
    # a core.model whose votes are the reading itself
    classes = ("dry", "wet")
    total = 1000

    def __init__(self, heads):
        self.heads = heads
        self.votes = array("i", (0, 0))
        self.p_pc = 0

    def predict(self, x):
        self.votes[0], self.votes[1] = 1000 - x, x
        self.p_pc = max(x, 1000 - x) // 10
        return 1 if x > 500 else 0


def test_without_heads_it_is_what_the_trees_say():
    heads = Heads(Trees({}))
    assert [heads.push(x, 1) for x in (0, 501, 500)] == [0, 1, 0]
    assert heads.kept_bytes == 0


def test_only_a_model_with_heads_loads_what_belongs_to_them():
    for heads in ({}, {"network": {"layers": [2]}}, {"next": {}}):
        model = Trees(heads)
        assert make_heads(model) is model
    assert isinstance(make_heads(Trees({"temporal": STICKY})), Heads)


def test_cold_windows_and_low_confidence_have_no_class():
    heads = Heads(Trees({"unsure": {"readings": 2, "p": 70}}))
    said = [heads.push(x, age) for x, age in ((900, 1), (900, 2), (900, 3), (600, 4), (300, 5))]
    assert said == [UNSURE, UNSURE, 1, UNSURE, 0]
    assert (heads.best, heads.p_pc) == (0, 70)


def test_a_gap_does_not_forget_the_classes_before():
    heads = Heads(Trees({"temporal": STICKY}))
    for age in range(1, 20):
        heads.push(0, age)
    assert heads.push(700, 20) == 0
    assert [heads.push(x, age) for x, age in ((0, 21), (700, 1), (0, 2))] == [0, 0, 0]
    assert Heads(Trees({"temporal": STICKY})).push(700, 1) == 1


def test_a_restored_node_remembers():
    heads, other = (Heads(Trees({"temporal": STICKY})) for _ in range(2))
    for age in range(1, 20):
        heads.push(0, age)
    memory = bytearray(heads.kept_bytes)
    heads.save(memory, 0)
    other.load(memory, 0)
    assert other.push(700, 20) == heads.push(700, 20) == 0


def test_a_reading_without_a_class():
    text = reading(None, 1, 2, 215, 403, class_json(("x",), UNSURE), 64)
    assert text == '{"ts":null,"boot":1,"seq":2,"t":21.5,"h":40.3,"cls":null,"p":null}'
    assert class_json(('"dry"',), 0) == '"dry"'
