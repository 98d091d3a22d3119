"""The RADKLIM sample, on a small file in the layout of the wheel's."""

import zipfile

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.datasets import radklim
from anemoi_scaleadapt.errors import ScaleAdaptError


@pytest.fixture(scope="module")
def five_minutes(tmp_path_factory):
    """36 + 7 steps of 190 x 228 pixels: three hours and a rest; missing values outside the window only."""
    rng = np.random.default_rng(0)
    sums = np.round(rng.gamma(0.1, 0.5, (43, 190, 228)), 2)
    sums[:, :5] = np.nan
    lat, lon = np.meshgrid(np.linspace(50, 51.6, 190), np.linspace(8, 10.5, 228), indexing="ij")
    path = tmp_path_factory.mktemp("radklim") / "five.nc"
    xr.Dataset(
        {
            "rainfall_amount": (
                ("time", "y", "x"),
                sums,
                {"long_name": "5-minute rainfall sum", "units": "kg"},
            )
        },
        {
            "time": np.datetime64("2018-05-10", "ns") + np.arange(43) * np.timedelta64(5, "m"),
            "latitudes": (("y", "x"), lat.round(2)),
            "longitudes": (("y", "x"), lon.round(2)),
        },
    ).to_netcdf(path, engine="netcdf4")
    return path, sums, lat, lon


def test_twelve_sums_of_five_minutes_are_the_mean_rate_of_the_hour_in_mm_per_hour():
    sums = np.zeros((24, 1, 1))
    sums[:12], sums[12] = 0.25, 7.5
    np.testing.assert_array_equal(radklim.hourly_rates(sums).ravel(), [3.0, 7.5])


@pytest.mark.parametrize(("phase", "first"), [(0, "2018-05-10T01:00"), (35, "2018-05-10T01:35")])
def test_hours_end_where_their_last_step_ends_and_rows_go_southwards(five_minutes, phase, first):
    path, sums, lat, _ = five_minutes
    made = radklim.make_hourly(path, 20, phase)
    k = phase // 5
    assert made.sizes["time"] == 3
    assert made.time.values[0] == np.datetime64(first)
    row, col = 5 + (175 - 20) // 2, 4 + (175 - 20) // 2
    window = sums[k : k + 36, row : row + 20, col : col + 20].reshape(3, 12, 20, 20).sum(axis=1)
    np.testing.assert_allclose(made.rain.values, window[:, ::-1], rtol=1e-6)
    assert (np.diff(made.latitude.values[:, 0]) < 0).all()
    assert abs(made.latitude.values - lat[row : row + 20, col : col + 20][::-1]).max() < 1e-3


def test_overlapping_hours_begin_every_so_many_minutes(five_minutes):
    path, sums, *_ = five_minutes
    made = radklim.make_hourly(path, 20, every=15)
    assert made.time.values[:2].astype(str).tolist() == [
        "2018-05-10T01:00:00.000000000",
        "2018-05-10T01:15:00.000000000",
    ]
    row, col = 5 + (175 - 20) // 2, 4 + (175 - 20) // 2
    window = sums[:, row : row + 20, col : col + 20]
    each = [window[i : i + 12].sum(axis=0)[::-1] for i in range(0, 43 - 12 + 1, 3)]
    np.testing.assert_allclose(made.rain.values, each, rtol=1e-6)
    hourly = radklim.make_hourly(path, 20).rain.values
    np.testing.assert_array_equal(made.rain.values[::4][: len(hourly)], hourly)


def test_smoothing_undoes_the_rounding_of_positions():
    lat, _ = np.meshgrid(np.linspace(50, 51.6, 175), np.linspace(8, 10.5, 175), indexing="ij")
    lat = lat - 0.02 * np.linspace(-1, 1, 175) ** 2
    smooth = radklim.smooth_coordinate(lat.round(2))
    assert abs(smooth - lat).max() < 1e-3 < abs(lat.round(2) - lat).max()


@pytest.mark.parametrize("every", [0, 7, 25, 120])
def test_a_distance_that_does_not_divide_the_hour_is_named(five_minutes, every):
    with pytest.raises(ScaleAdaptError, match=f"--every {every}"):
        radklim.make_hourly(five_minutes[0], 20, every=every)


@pytest.mark.parametrize(
    ("size", "phase", "named"), [(176, 0, "--size 176"), (0, 0, "--size 0"), (9, 7, "--phase 7"), (9, 60, "--phase")]
)
def test_sizes_and_phases_that_are_not_there_are_named(five_minutes, size, phase, named):
    with pytest.raises(ScaleAdaptError, match=named):
        radklim.make_hourly(five_minutes[0], size, phase)


def test_a_wheel_that_is_none_or_another_is_named(tmp_path):
    wheel = tmp_path / "pycomlink-0.6.0-py3-none-any.whl"
    wheel.write_bytes(b"no zip")
    with pytest.raises(ScaleAdaptError, match=r"not the wheel of pycomlink==0\.6\.0"):
        radklim.extract(wheel, tmp_path)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(radklim.MEMBER, b"another")
    with pytest.raises(ScaleAdaptError, match="sha256"):
        radklim.extract(wheel, tmp_path)


def test_a_file_is_complete_only_for_its_own_size_and_phase(five_minutes, tmp_path):
    path = tmp_path / "out.nc"
    assert not radklim.is_complete(path, 20, 0)
    made = radklim.make_hourly(five_minutes[0], 20, 0)
    radklim.write(made, path)
    assert [p.name for p in tmp_path.iterdir()] == ["out.nc"]
    assert not radklim.is_complete(path, 20, 0)  # 3 hours, not 264
    whole = radklim.describe(
        np.zeros((264, 20, 20), np.float32),
        np.datetime64("2018-05-10T01", "ns") + np.arange(264) * np.timedelta64(1, "h"),
        made.latitude.values,
        made.longitude.values,
        0,
    )
    radklim.write(whole, path)
    assert radklim.is_complete(path, 20, 0)
    assert not radklim.is_complete(path, 21, 0) and not radklim.is_complete(path, 20, 5)
    path.write_bytes(path.read_bytes()[:500])
    assert not radklim.is_complete(path, 20, 0)
