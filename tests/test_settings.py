"""From a mapping to settings: what is refused, and in which words."""

from typing import Annotated, Literal, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.settings import Settings, refuse, refuse_unknown, rule

Count = Annotated[int, Field(ge=1, le=25)]


class Inner(Settings):
    """What stands below."""

    share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """a share"""
    word: Literal["a", "b"] = "a"


class Outer(Settings):
    """Everything that the base knows of."""

    count: Count
    pair: Annotated[tuple[Count, Count], Field(strict=False)] = (1, 2)
    widths: Annotated[tuple[int, ...], Field(strict=False, json_schema_extra={"rule": "a list of odd ones"})] = (1,)
    double: int = Field(default_factory=lambda told: 2 * told["count"])
    limit: Annotated[float, Field(gt=0, le=9)] | None = None
    either: str | int | None = Field(None, json_schema_extra={"rule": "a date, or null"})
    switch: bool = False
    inner: Inner = Inner()
    perhaps: Inner | None = None
    free: dict[str, int | None] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.pair[0] > self.pair[1]:
            refuse(self, "pair", "two values in order")
        if any(width % 2 == 0 for width in self.widths):
            refuse(self, "widths")
        return self


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"count": True}, "x.y.count = True: must be a whole number from 1 to 25."),
        ({"count": "3"}, "x.y.count = '3': must be a whole number from 1 to 25."),
        ({"count": 2.5}, "x.y.count = 2.5: must be a whole number from 1 to 25."),
        ({"count": 3.0}, "x.y.count = 3.0: must be a whole number from 1 to 25."),
        ({"count": 0}, "x.y.count = 0: must be a whole number from 1 to 25."),
        ({"count": [3]}, "x.y.count = [3]: must be a whole number from 1 to 25."),
        ({"count": {"a": 3}}, "x.y.count = {'a': 3}: must be a whole number from 1 to 25."),
        ({"count": None}, "x.y.count is missing: give a whole number from 1 to 25."),
        ({"count": "???"}, "x.y.count is missing: give a whole number from 1 to 25."),
        ({"pair": 64}, "x.y.pair = 64: must be 2 values, each a whole number from 1 to 25."),
        ({"pair": [0, 3]}, "x.y.pair = [0, 3]: must be 2 values, each a whole number from 1 to 25."),
        ({"pair": [1.5, "x"]}, "x.y.pair = [1.5, 'x']: must be 2 values, each a whole number from 1 to 25."),
        ({"pair": [3]}, "x.y.pair = [3]: must be 2 values, each a whole number from 1 to 25."),
        ({"pair": "12"}, "x.y.pair = '12': must be 2 values, each a whole number from 1 to 25."),
        ({"pair": [3, 2]}, "x.y.pair = [3, 2]: must be two values in order."),
        ({"widths": [1, 2]}, "x.y.widths = [1, 2]: must be a list of odd ones."),
        ({"widths": [True]}, "x.y.widths = [True]: must be a list of odd ones."),
        ({"limit": "a"}, "x.y.limit = 'a': must be a number above 0 to 9 or null."),
        ({"limit": True}, "x.y.limit = True: must be a number above 0 to 9 or null."),
        ({"limit": float("nan")}, "x.y.limit = nan: must be a number above 0 to 9 or null."),
        ({"limit": float("inf")}, "x.y.limit = inf: must be a number above 0 to 9 or null."),
        ({"either": 2.5}, "x.y.either = 2.5: must be a date, or null."),
        ({"switch": "no"}, "x.y.switch = 'no': must be true or false."),
        ({"switch": 1}, "x.y.switch = 1: must be true or false."),
        ({"perhaps": {"shore": 1}}, "x.y.perhaps.shore is not a setting; did you mean x.y.perhaps.share?"),
        ({"inner": 4}, "x.y.inner = 4: must be a mapping with the keys share, word."),
        ({"inner": {"share": 1}}, "x.y.inner.share = 1: must be a number from 0 to below 1."),
        ({"inner": {"word": "c"}}, "x.y.inner.word = 'c': must be one of a, b."),
        ({"inner": {"word": ["a"]}}, "x.y.inner.word = ['a']: must be one of a, b."),
        ({"inner": {"shore": 0.5}}, "x.y.inner.shore is not a setting; did you mean x.y.inner.share?"),
        ({"inner": {"q": 0.5}}, "x.y.inner.q is not a setting; known are share, word."),
        ({"cuont": 3}, "x.y.cuont is not a setting; did you mean x.y.count?"),
        ({"count": 0, "switch": 1}, "x.y.count = 0: must be a whole number from 1 to 25. x.y.switch = 1: must be true "
         "or false."),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_the_key_the_value_and_what_is_allowed(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        Outer.from_config({"count": 3} | told, "x.y")
    assert str(error.value) == message


@pytest.mark.parametrize("told", [None, 5, "count", ["count"], [("count", 3)]])
def test_settings_are_mappings(told):
    with pytest.raises(
        ScaleAdaptError, match=r"^x\.y = .*: must be a mapping with the keys count, pair, .*inner, perhaps, free\.$"
    ):
        Outer.from_config(told, "x.y")


def test_null_and_missing_keys_mean_the_default_or_that_of_a_base():
    nothing = {"pair": None, "double": None, "limit": None, "inner": {"share": None}}
    assert Outer.from_config({"count": 3, **nothing}, "x") == Outer(count=3, double=6)
    base = Outer(count=7, limit=2.0, inner=Inner(share=0.1, word="b"))
    changed = Outer.from_config({"inner": {"share": 0.2}, **{"pair": [3, 4], "limit": None}}, "x", base)
    assert changed == Outer(count=7, pair=(3, 4), limit=2.0, inner=Inner(share=0.2, word="b"))
    assert base.inner.share == 0.1
    assert Outer.from_config({"perhaps": {"word": None}}, "x", base).perhaps == Inner()
    assert Outer.from_config({"free": {"a": None}}, "x", base).free == {"a": None}  # its keys are not ours


def test_numbers_of_numpy_are_numbers_and_lists_become_tuples():
    told = Outer.from_config({"count": 3, "pair": [3, 4], "limit": np.float64(0.5)}, "x")
    assert told.pair == (3, 4) and told.limit == 0.5
    assert isinstance(hash(told.inner), int)


def test_settings_never_change():
    with pytest.raises(ValidationError, match="frozen"):
        Outer(count=3).count = 4


@given(st.builds(Outer, count=st.integers(1, 25), limit=st.none() | st.floats(0.1, 9), switch=st.booleans()))
def test_what_is_written_reads_back(settings):
    told = settings.as_dict()
    assert told["pair"] == [1, 2] and told["inner"] == {"share": 0.5, "word": "a"}
    assert Outer.from_config(told, "x") == settings


def test_other_mappings_are_looked_through_too():
    refuse_unknown("task", ["lr"], ["lr", "hr"])
    with pytest.raises(ScaleAdaptError, match=r"^task\.scal is not a setting; did you mean task\.scale\?$"):
        refuse_unknown("task", ["lr", "scal"], ["lr", "scale"])
    with pytest.raises(ScaleAdaptError, match=r"^perod is not a setting; did you mean period\?$"):
        refuse_unknown("", ["perod"], ["period"])


def test_the_meaning_of_a_field_stands_under_it():
    share = Inner.model_json_schema()["properties"]["share"]
    assert share["description"] == "a share" and rule(share) == "a number from 0 to below 1"
