"""Mappings against numbers by hand, against xsdba's own correction, and on rain biased on purpose."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.bias.fit import fit, ranks, record_quantiles
from anemoi_scaleadapt.bias.mapping import ALL, TRACE, Curve, Mapping, season_of, seeded
from anemoi_scaleadapt.errors import ScaleAdaptError

HOURS = np.datetime64("2020-06-01T01", "s") + np.arange(480) * np.timedelta64(3600, "s")


def rain(seed: int, hours: int = 480, size: int = 24) -> np.ndarray:
    """Smooth patches of rain, a quarter wet."""
    noise = np.random.default_rng(seed).normal(size=(hours, size, size))
    field = gaussian_filter(noise, (1, 2, 2))
    return np.maximum(np.exp(1.5 * (field / field.std() - 0.7)) - 1, 0)


TRUTH, LATER = rain(1), rain(2)
BIASES = {
    "amount": lambda truth: 0.6 * truth**1.3,
    "drizzle": lambda truth: truth + gaussian_filter(truth, (0, 4, 4)) + 0.02,
    "smoothing": lambda truth: gaussian_filter(truth, (0, 1.5, 1.5)),
}


def fitted(coarse, truth=TRUTH, times=HOURS):
    return fit(coarse, truth, times, hours=1.0, km=25.0)


@pytest.mark.parametrize("kind", BIASES)
def test_bias_on_purpose_is_taken_out_of_other_rain(kind):
    wrong = BIASES[kind](LATER)
    right = fitted(BIASES[kind](TRUTH)).apply(wrong, HOURS)
    for wet in (0.1, 1.0):
        raw, now, true = ((f >= wet).mean() for f in (wrong, right, LATER))
        assert abs(now / true - 1) < 0.08 and abs(now - true) < max(abs(raw - true), 0.003)
    assert right.mean() == pytest.approx(LATER.mean(), rel=0.05)
    assert np.quantile(right, 0.999) == pytest.approx(np.quantile(LATER, 0.999), rel=0.08)
    assert np.abs(right - LATER).mean() < np.abs(wrong - LATER).mean()


def test_rain_without_bias_stays_as_it_is():
    np.testing.assert_allclose(fitted(TRUTH).apply(LATER, HOURS), LATER, rtol=2e-3, atol=2e-3)


def test_dry_cells_near_rain_become_wet_and_no_others():
    dry = np.maximum(TRUTH - 0.3, 0)
    mapping = fitted(dry)
    assert mapping.curve(ALL).seeds
    wrong = np.maximum(LATER - 0.3, 0)
    right = mapping.apply(wrong, HOURS)
    assert (wrong >= 0.1).mean() < 0.8 * (LATER >= 0.1).mean()
    assert (right >= 0.1).mean() == pytest.approx((LATER >= 0.1).mean(), rel=0.1)
    alone = np.zeros((1, 24, 24))
    alone[0, 12, 12] = 5.0
    wet = np.argwhere(mapping.apply(alone, HOURS[:1])[0] > 0)
    assert np.abs(wet - 12).max() <= 3 and len(wet) > 1
    assert mapping.apply(np.zeros((1, 24, 24)), HOURS[:1]).max() == 0


def test_seeds_keep_order_and_missing_values():
    field = np.zeros((1, 9, 9))
    field[0, 4, 4], field[0, 0, 0] = 3.0, np.nan
    out = seeded(field)
    assert out[0, 4, 4] == 3 and np.isnan(out[0, 0, 0]) and TRACE > out[0, 4, 5] > out[0, 4, 6] > 0 == out[0, 4, 8]


def test_quantiles_are_those_of_xsdba(request):
    from anemoi_scaleadapt.bias.fit import _xsdba, ranks

    given = np.maximum(TRUTH - 0.3, 0).ravel(), TRUTH.ravel(), ranks(TRUTH.size)
    expected = _xsdba(*given)  # before the fixture puts numpy's in its place
    for one, other in zip(expected, request.getfixturevalue("numpy_quantiles")(*given), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_application_is_that_of_xsdba():
    import xarray as xr
    import xsdba

    random = np.random.default_rng(3)  # no ties: xsdba's ranks of a record with ties do not end at 0 and 1
    wrong, other = (
        BIASES["amount"](f) * k + random.uniform(0.01, 0.02, f.shape) for f, k in ((TRUTH, 1), (LATER, 1.2))
    )
    mapping = fitted(wrong)

    def array(values):
        time = np.datetime64("2000-01-01", "ns") + np.arange(values.size) * np.timedelta64(60_000_000_000, "ns")
        return xr.DataArray(values.ravel().astype("float64"), {"time": time}, "time", attrs={"units": "mm h-1"})

    nodes = mapping.curve(ALL).ranks
    for cls, record in (
        (xsdba.EmpiricalQuantileMapping, None),
        (xsdba.QuantileDeltaMapping, record_quantiles(mapping, [(HOURS, other, None)], other.size)),
    ):
        trained = cls.train(array(TRUTH), array(wrong), nquantiles=nodes, kind="*", group="time")
        expected = trained.adjust(array(other), interp="linear").values.reshape(other.shape)
        off = np.abs(mapping.apply(other, HOURS, record) - expected) / (expected + 0.1)
        assert np.quantile(off, 0.99) < 2e-3 and off.max() < 0.1  # between ranks: by value, and by rank


def test_a_change_of_climate_is_kept_by_ranks_and_not_by_value():
    mapping = fitted(2 * TRUTH)
    future = 2 * 1.5 * TRUTH  # half as much again, in every quantile
    kept = mapping.apply(future, HOURS, record_quantiles(mapping, [(HOURS, future, None)], future.size))
    assert np.quantile(kept, 0.99) == pytest.approx(1.5 * np.quantile(TRUTH, 0.99), rel=0.01)
    skewed = fitted(np.where(TRUTH > 2, 2 * TRUTH, TRUTH))
    by_value, by_rank = (
        skewed.apply(future, HOURS, record)
        for record in (None, record_quantiles(skewed, [(HOURS, future, None)], future.size))
    )
    assert not np.allclose(by_value, by_rank)


def test_beyond_the_sample_the_last_factor_holds():
    curve = Curve(np.array([0.5, 0.9]), np.array([1.0, 4.0]), np.array([2.0, 0.5]), 5.0, False, 1000)
    np.testing.assert_allclose(curve.at(np.array([[0.5, 1, 2.5, 4, 50, np.nan]])), [[1, 2, 3.125, 2, 25, np.nan]])


def test_ties_share_the_mean_of_their_factors():
    curve = Curve(np.array([0.5, 0.6, 0.9]), np.array([0.1, 0.1, 1]), np.array([0.0, 1.0, 1.0]), 1.0, False, 1000)
    assert curve.at(np.array([[0.1]]))[0, 0] == pytest.approx(0.05)


def test_seasons_have_curves_of_their_own_and_short_ones_share():
    times = np.concatenate([HOURS[:240], HOURS[:240] + np.timedelta64(184, "D")])
    assert set(season_of(times)) == {"JJA", "DJF"}
    coarse = TRUTH * np.where(np.arange(480) < 240, 2.0, 0.5)[:, None, None]
    mapping = fitted(coarse, times=times)
    assert set(mapping.curves) == {ALL, "JJA", "DJF"}
    np.testing.assert_allclose(mapping.apply(coarse, times), TRUTH, rtol=0.02, atol=0.01)
    assert mapping.curve("MAM") is mapping.curves[ALL]
    assert season_of(np.array(["2020-12-01", "2020-02-29", "2020-03-01"], "M8[s]")).tolist() == ["DJF", "DJF", "MAM"]


def test_missing_cells_stay_missing_and_are_not_fitted_to():
    coarse, truth = 2 * TRUTH, TRUTH.copy()
    truth[:, :5] = np.nan
    coarse[:, :5] = 1000
    mapping = fitted(coarse, truth)
    out = mapping.apply(np.where(np.arange(24) < 2, np.nan, 2 * TRUTH), HOURS)
    assert np.isnan(out[..., :2]).all()
    np.testing.assert_allclose(out[..., 2:], TRUTH[..., 2:], rtol=0.01, atol=0.01)


def test_a_mapping_is_one_small_file(tmp_path):
    mapping = fitted(BIASES["drizzle"](TRUTH))
    mapping.save(tmp_path / "b.json")
    assert (tmp_path / "b.json").stat().st_size < 40_000
    again = Mapping.load(tmp_path / "b.json")
    np.testing.assert_allclose(again.apply(LATER, HOURS), mapping.apply(LATER, HOURS), atol=1e-3)
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(ScaleAdaptError, match=r"c\.json"):
        Mapping.load(tmp_path / "c.json")
    with pytest.raises(ScaleAdaptError, match="6 h"):
        mapping.check(6.0, None, "x.nc")
    with pytest.raises(ScaleAdaptError, match="10 km"):
        mapping.check(1.0, 10.0, "x.nc")


def test_too_little_to_fit():
    with pytest.raises(ScaleAdaptError, match="too few"):
        fit(TRUTH[:1], TRUTH[:1], HOURS[:1], hours=1, km=25)
    with pytest.raises(ScaleAdaptError, match="dry throughout"):
        fit(0 * TRUTH, TRUTH, HOURS, hours=1, km=25)


def test_ranks_leave_twenty_values_beyond():
    nodes = ranks(100_000)
    assert np.all(np.diff(nodes) > 0) and (1 - nodes[-1]) * 100_000 == pytest.approx(20)
