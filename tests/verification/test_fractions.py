"""Sums over neighbourhoods, and the fractions skill score by hand and against two libraries."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter, uniform_filter

from anemoi_scaleadapt.verification.boxes import around, inside, integral, largest
from anemoi_scaleadapt.verification.settings import Settings
from support.scoring import scores_of


@pytest.mark.parametrize("width", [1, 2, 5, 10, 30])
def test_boxes_against_scipy(width):
    field = np.random.default_rng(0).random((2, 14, 23))
    image = integral(field)
    wanted = uniform_filter(field, (0, width, width), mode="constant") * width**2
    assert around(image, width) == pytest.approx(wanted)
    half, step = width // 2, 3
    middle = (slice(None), *(slice(half, max(n - width + 1, 0) + half, step) for n in field.shape[1:]))
    if width > 14:
        assert inside(image, width, step).size == 0
    else:
        assert inside(image, width, step) == pytest.approx(wanted[middle])
        assert (largest(field, width, step) == maximum_filter(field, (0, width, width))[middle]).all()


def test_by_hand():
    # one wet pixel each, side by side: no overlap at 1 pixel
    forecast, truth = np.zeros((1, 1, 9, 9)), np.zeros((1, 9, 9))
    forecast[0, 0, 4, 4], truth[0, 4, 5] = 2, 2
    found = scores_of(forecast, truth)
    assert found["fss_1mm_1km"] == 0
    # 5 x 5 windows shifted by one column: 20 common cells of 25 each: 1 - 10 / 50
    assert found["fss_1mm_5km"] == pytest.approx(0.8)
    assert np.isnan(found["fss_5mm_5km"])


def test_against_pysteps_and_scores(ensemble):
    from pysteps.verification.spatialscores import fss_accum, fss_compute, fss_init
    from scores.spatial import fss_2d
    from xarray import DataArray

    forecast, truth = ensemble[0][:, :6], ensemble[1][:6]
    ours = scores_of(forecast, truth)["fss_1mm_5km"]
    pooled = []
    for member in forecast:
        theirs = fss_init(1.0, 5)
        for a, b in zip(member, truth, strict=True):
            fss_accum(theirs, a.astype(float), b.astype(float))
        pooled.append(fss_compute(theirs))
    assert ours == pytest.approx(np.mean(pooled), rel=1e-4)
    f, o = DataArray(forecast[0], dims=("t", "y", "x")), DataArray(truth, dims=("t", "y", "x"))
    options = dict(event_threshold=1.0, window_size=(5, 5), spatial_dims=("y", "x"), zero_padding=True)
    one = scores_of(forecast[:1], truth)["fss_1mm_5km"]
    assert one == pytest.approx(float(fss_2d(f, o, **options)), abs=2e-3)  # another rule at the edges


def test_of_an_ensemble_by_hand():
    # two members with a wet pixel each, one of them right: half of the probability where it rained
    forecast, truth = np.zeros((2, 1, 9, 9)), np.zeros((1, 9, 9))
    truth[0, 4, 4] = forecast[0, 0, 4, 4] = forecast[1, 0, 0, 0] = 2
    found = scores_of(forecast, truth)
    # differences 0.5 and 0.5; squares 0.25 and 0.25 and, of the truth, 1
    assert found["fss_ensemble_1mm_1km"] == pytest.approx(1 - 0.5 / 1.5)
    assert found["fss_1mm_1km"] == pytest.approx(0.5)
    alone = scores_of(forecast[:1], truth)
    assert alone["fss_ensemble_1mm_1km"] == alone["fss_1mm_1km"] == 1


def test_widths_are_kilometres_and_none_is_narrower_than_half_a_pixel(ensemble):
    settings = Settings((9, 9), pixel_km=2.5)
    assert [settings.pixels(km) for km in settings.fss_scales_km] == [0, 2, 4, 10, 20]
    forecast, truth = ensemble
    wide = scores_of(forecast[:, :2], truth[:2], pixel_km=2.5)
    assert np.isnan(wide["fss_1mm_1km"])
    fine = scores_of(forecast[:, :2], truth[:2], fss_scales_km=(4.0,))
    assert wide["fss_1mm_10km"] == pytest.approx(fine["fss_1mm_4km"])
