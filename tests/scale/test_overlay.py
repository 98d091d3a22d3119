from pathlib import Path

import pytest
import yaml

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale import PAPER_PAIRS, Conservation, Scale, recipe, resolve
from anemoi_scaleadapt.scale.overlay import overlay, render, write

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("pair", PAPER_PAIRS)
def test_the_shipped_overlay_is_the_recipe_and_nothing_else(pair):
    shipped = yaml.safe_load((CONFIG / "s{}t{}.yaml".format(*pair)).read_text())
    assert shipped == {"defaults": ["scaleadapt", "_self_"], "scale": overlay(recipe(*pair))}


@pytest.mark.parametrize("pair", PAPER_PAIRS)
def test_the_faithful_overlay_has_the_papers_f_over_the_window_and_a_causal_context(pair):
    shipped = yaml.safe_load((CONFIG / "s{}t{}_paper.yaml".format(*pair)).read_text())
    function, threshold = {
        (10, 1): ("threshold_sqrt", 5.5 * 0.01**2),
        (1, 3): ("threshold_sqrt", 5.5 * 0.01**2),
        (10, 3): ("threshold", 5.5 * 0.02),
        (25, 6): ("threshold", 5.5 * 0.04),
    }[pair]
    scale = resolve(shipped["scale"])
    assert (scale.beta, scale.context_length, scale.lookahead) == (*PAPER_PAIRS[pair], 0)
    assert scale.conservation.threshold == pytest.approx(threshold)
    assert scale.conservation == Conservation(
        function=function, threshold=scale.conservation.threshold, scope="window", inside_sampler=False
    )


@pytest.mark.parametrize(
    "scale",
    [
        recipe(7, 2),
        Scale(space=7, time=2, beta=0.03, context_length=1),
        Scale(space=7, time=2, beta=0.03, context_length=4, lookahead=2),
        Scale(
            space=3, time=6, lookahead=0, conservation=Conservation(function="threshold", threshold=0.1, smooth=True)
        ),
    ],
)
def test_what_is_rendered_reads_back(scale):
    text = render(scale, "why\nso")
    assert text.startswith("# why\n# so\ndefaults:\n")
    assert resolve(yaml.safe_load(text)["scale"]) == scale


def test_write_makes_a_new_file_only_and_leaves_no_other(tmp_path):
    write(tmp_path / "mine.yaml", "a: 1\n")
    with pytest.raises(ScaleAdaptError, match=r"mine\.yaml is there already"):
        write(tmp_path / "mine.yaml", "a: 2\n")
    with pytest.raises(ScaleAdaptError, match="there is no folder"):
        write(tmp_path / "no" / "mine.yaml", "a: 2\n")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("mine.yaml", "a: 1\n")]
