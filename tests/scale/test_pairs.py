"""Which pairs are trained, and how often each is drawn."""

from collections import Counter
from math import log

import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale.pairs import Pairs, name, trained


def test_all_pairs_but_the_one_that_leaves_nothing_to_do():
    pairs = Pairs.from_config({}, "pairs")
    assert len(pairs.all) == len(set(pairs.all)) == 149 and (1, 1) not in pairs.all
    assert pairs.times == (1, 2, 3, 4, 5, 6) and pairs.largest == 25


def test_space_is_log_uniform_and_time_uniform():
    pairs = Pairs.from_config({"space": [2, 5], "time": [1, 2]}, "pairs")
    total = sum(pairs.chances)
    for (s, _), chance in zip(pairs.all, pairs.chances, strict=True):
        assert chance / total == pytest.approx(log((s + 1) / s) / log(6 / 2) / 2)


def test_draws_follow_the_chances_and_the_seed_alone():
    pairs = Pairs.from_config({"only": [[10, 3], [25, 6], [1, 3]], "weights": {"s25t6": 2, "s1t3": 0}}, "pairs")
    drawn = Counter(pairs.draw(f"42/{step}/0") for step in range(3000))
    assert set(drawn) == {(10, 3), (25, 6)} and drawn[25, 6] / drawn[10, 3] == pytest.approx(2, rel=0.15)
    assert [pairs.draw(str(k)) for k in range(20)] == [pairs.draw(str(k)) for k in range(20)]


def test_a_validation_watches_the_papers_pairs_or_some_of_all():
    assert Pairs.from_config({}, "pairs").watched() == ((10, 1), (1, 3), (10, 3), (25, 6))
    assert Pairs.from_config({"space": [2, 10]}, "pairs").watched() == ((10, 1), (10, 3))
    others = Pairs.from_config({"space": [2, 8]}, "pairs").watched()
    assert len(others) == 4 and len({s for s, _ in others}) == 4
    assert Pairs.from_config({"only": [[5, 2]]}, "pairs").watched() == ((5, 2),)


def test_what_is_written_reads_back():
    pairs = Pairs.from_config({"space": [2, 8], "time": None, "weights": {"s3t2": 4}}, "pairs")
    assert Pairs.from_config(pairs.as_dict(), "pairs") == pairs
    assert name(25, 6) == "s25t6"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"only": [[1, 1]]}, r"pairs\.only = .* pairs other than \(1, 1\)"),
        ({"only": [[26, 3]]}, r"pairs\.only = .*a list of pairs such as"),
        ({"only": [[3, 7]]}, r"pairs\.only = .*a list of pairs such as"),
        ({"only": [3, 4]}, r"pairs\.only = .*a list of pairs such as"),
        ({"only": [[3, 4, 5]]}, r"pairs\.only = .*a list of pairs such as"),
        ({"space": [0, 5]}, r"pairs\.space = .*each a whole number from 1 to 25"),
        ({"space": [5, 26]}, r"pairs\.space = .*each a whole number from 1 to 25"),
        ({"space": [6, 5]}, r"pairs\.space = .*the smaller one first"),
        ({"space": 5}, r"pairs\.space = 5"),
        ({"time": [1, 2.5]}, r"pairs\.time = .*each a whole number from 1 to 6"),
        ({"space": [1, 1], "time": [1, 1]}, r"pairs\.weights = .*other than \(1, 1\) is left"),
        ({"weights": {"s26t1": 2}}, r"pairs\.weights = .*the trained pairs \(s = 1 to 25"),
        ({"weights": {"s5t1": -1}}, r"pairs\.weights = .*-1.*a mapping of pairs to numbers"),
        ({"weights": [1, 2]}, r"pairs\.weights = \[1, 2\]"),
        ({"spaces": [1, 2]}, r"pairs\.spaces"),
    ],
)
def test_what_is_refused(told, words):
    with pytest.raises(ScaleAdaptError, match=words):
        Pairs.from_config(told, "pairs")


def test_one_of_two_groups_says_what_is_trained():
    pairs, own = trained({"space": 5, "time": 2, "beta": 0.03}, None)
    assert pairs.all == ((5, 2),) and own.beta == 0.03
    empty = {"space": None, "time": "???", "conservation": {"smooth": None}}
    pairs, own = trained(empty, {"space": [2, 3]})
    assert own is None and len(pairs.all) == 12
    for scale, given, words in (
        ({"space": 5, "time": 2}, {}, "scale and pairs are both set"),
        ({"space": 1, "time": 1}, None, "nothing is left to do"),
        (None, None, r"scale\.space is missing"),
    ):
        with pytest.raises(ScaleAdaptError, match=words):
            trained(scale, given)


def test_a_pair_that_was_not_learnt_is_refused():
    pairs = Pairs.from_config({"space": [2, 8]}, "pairs")
    pairs.check(8, 6, "")
    with pytest.raises(ScaleAdaptError, match=r"scale = \(9, 1\).* s = 2 to 8 with t = 1 to 6\. Ask nicely\."):
        pairs.check(9, 1, "Ask nicely.")
