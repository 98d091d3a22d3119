"""The one writer: what it writes, what other tools read, and that nothing is ever half there."""

import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import cf_xarray  # noqa: F401
import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.proj import pyproj
from anemoi_scaleadapt.rain.members import MembersFile, check_members
from anemoi_scaleadapt.rain.reader import open_rain
from support.layouts import fill, layout, rain_of

FORMATS = ("members.nc", "members.zarr")


def write(path, plan, resume=False):
    rain = rain_of(plan)
    with MembersFile(path, plan, resume) as file:
        fill(file, plan, rain)
    return rain


def read(path):
    engine = "zarr" if path.suffix == ".zarr" else "netcdf4"
    with xr.open_dataset(path, engine=engine, decode_coords="all") as data:
        return data.load()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("resume", [False, True])
def test_members_come_back_and_nothing_else_is_left(tmp_path, name, resume):
    plan = layout(mean=True)
    rain = write(tmp_path / name, plan, resume)
    data = read(tmp_path / name)
    np.testing.assert_array_equal(data.rain, rain)
    np.testing.assert_array_equal(data.rain_mean, rain.mean(axis=0))
    assert data.rain.dims == ("member", "time", "y", "x") and data.member.values.tolist() == [2, 3, 4]
    assert names(tmp_path) == [name]
    found = open_rain(str(tmp_path / name))
    assert (found.times == plan.times).all() and found.at(plan.times) == pytest.approx(rain, nan_ok=True)
    assert found.attributes["scaleadapt_time_factor"] == 3


@pytest.mark.parametrize("name", FORMATS)
def test_an_error_leaves_what_was_there(tmp_path, name):
    plan = layout()
    old = write(tmp_path / name, plan)
    with pytest.raises(RuntimeError, match="halfway"), MembersFile(tmp_path / name, plan) as file:
        file.add(plan.times[:3], 2 * old[:, :3])
        raise RuntimeError("halfway")
    assert names(tmp_path) == [name]
    np.testing.assert_array_equal(read(tmp_path / name).rain, old)
    write(tmp_path / name, replace(plan, mean=True))
    assert "rain_mean" in read(tmp_path / name)


def test_hours_have_bounds_and_pixels_too(tmp_path):
    plan = layout()
    write(tmp_path / "members.nc", plan)
    data = read(tmp_path / "members.nc")
    first = np.datetime64("2020-01-01T00", "ns")
    assert data.time_bnds.values[0].tolist() == [first.astype(int), (first + HOUR).astype(int)]
    assert data.forecast_reference_time.values == first
    # row 400 and column 400 of Comephore, whose corner is at (-619652.07, -3526818.34)
    assert data.x_bnds.values[0] == pytest.approx([-219652.07, -218652.07])
    assert data.y_bnds.values[0] == pytest.approx([-3926818.34, -3927818.34])
    assert data.x.values[0] == pytest.approx(-219152.07) and data.x.units == "m"


@pytest.mark.parametrize(("kind", "lat"), [("comephore", "latitude"), ("degrees", "y"), ("lambert", "latitude")])
def test_cf_xarray_finds_the_coordinates(tmp_path, kind, lat):
    write(tmp_path / "members.nc", layout(kind))
    data = read(tmp_path / "members.nc")
    assert data.cf.axes == {"X": ["x"], "Y": ["y"], "T": ["time"]}
    assert data.cf["latitude"].name == lat and data.cf["realization"].name == "member"
    assert data.cf["lwe_precipitation_rate"].name == "rain" and data.cf.bounds["T"] == ["time_bnds"]
    assert data.cf["grid_mapping"].name == "crs"


@pytest.mark.parametrize("kind", ["comephore", "degrees", "lambert"])
def test_earthkit_and_the_projection_put_every_pixel_in_its_place(tmp_path, kind):
    import earthkit.data as ekd

    plan = layout(kind)
    for name, source in zip(FORMATS, ("file", "zarr"), strict=True):
        rain = write(tmp_path / name, plan)
        field = ekd.from_source(source, str(tmp_path / name)).to_fieldlist()[0]
        places = field.to_latlon()
        np.testing.assert_allclose(places["lat"], plan.latitude, atol=1e-9)
        np.testing.assert_allclose(places["lon"], plan.longitude, atol=1e-9)
        np.testing.assert_array_equal(field.to_numpy(), rain[0, 0])
        data = read(tmp_path / name)
        crs = pyproj().CRS.from_cf(data.crs.attrs)
        lon, lat = (
            pyproj()
            .Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
            .transform(*np.meshgrid(data.x.values, data.y.values))
        )
        assert np.abs(lat - plan.latitude).max() < 1e-5 and np.abs(lon - plan.longitude).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "changes"), [("comephore", {"mean": True}), ("degrees", {"packed": True}), ("lambert", {})]
)
def test_the_compliance_checker_finds_nothing(tmp_path, kind, changes):
    from compliance_checker.runner import CheckSuite, ComplianceChecker

    write(tmp_path / "members.nc", layout(kind, **changes))
    CheckSuite.load_all_available_checkers()
    report = tmp_path / "report.txt"
    passed, broken = ComplianceChecker.run_checker(
        str(tmp_path / "members.nc"), ["cf:1.11"], 0, "strict", output_filename=str(report), output_format="text"
    )
    assert passed and not broken, report.read_text()


def test_both_formats_say_the_same(tmp_path):
    plan = layout(mean=True, packed=True)
    for name in FORMATS:
        write(tmp_path / name, plan)
    one, other = (read(tmp_path / name) for name in FORMATS)
    assert set(one.variables) == set(other.variables)
    for variable in one.variables:
        np.testing.assert_array_equal(one[variable], other[variable])
        assert one[variable].attrs == other[variable].attrs, variable
    assert {**one.attrs, "history": ""} == {**other.attrs, "history": ""}


@pytest.mark.parametrize("name", FORMATS)
def test_packed_rain_is_half_a_hundredth_off_at_most(tmp_path, name, caplog):
    plan = layout(packed=True)
    rain = rain_of(plan)
    rain[0, 0, 0, 4:7] = 0.004, 0.006, 400
    with MembersFile(tmp_path / name, plan) as file:
        file.add(plan.times, rain)
    back = read(tmp_path / name).rain.values
    assert np.abs(back - np.minimum(rain, 327.67))[..., 3:].max() <= 0.005 * 1.001
    assert (back[rain == 0] == 0).all() and np.isnan(back[..., :3]).all() and back[0, 0, 0, 4] == 0
    assert "above 327.67 mm h-1" in caplog.text


def test_a_window_of_a_member_is_whole_chunks_and_nothing_missing_takes_room(tmp_path):
    import zarr

    plan = layout(None, shape=(400, 400), members=range(4))
    rain = rain_of(plan)
    rain[1], rain[2] = np.nan, 0
    with MembersFile(tmp_path / "members.zarr", plan) as file:
        fill(file, plan, rain)
    array = zarr.open_group(str(tmp_path / "members.zarr"), mode="r")["rain"]
    assert array.chunks == (1, 3, 400, 400)
    sizes = {
        member: [p.stat().st_size for p in (tmp_path / "members.zarr" / "rain").glob(f"{member}.*")]
        for member in range(4)
    }
    assert len(sizes[0]) == 2 and sizes[1] == []
    assert len(sizes[2]) == 2 and max(sizes[2]) < 1000  # dry: a thousandth of a percent of two megabytes


def test_large_domains_are_divided():
    from anemoi_scaleadapt.rain.store import LARGEST, chunk_shape

    plan = layout(None, shape=(3500, 7000))
    chunk = chunk_shape(plan, 4)
    assert chunk == (1, 3, 875, 1750) and np.prod(chunk) * 4 <= LARGEST


def test_what_another_run_began_is_not_gone_on_with(tmp_path):
    plan, path = layout(), tmp_path / "members.nc"
    with pytest.raises(KeyboardInterrupt), MembersFile(path, plan, True) as file:
        file.add(plan.times[:3], rain_of(plan)[:, :3])
        file.mark(3)
        raise KeyboardInterrupt
    assert not path.exists()
    other = replace(plan, attributes={"scaleadapt_seed": 4})
    with pytest.raises(ScaleAdaptError, match=r"begun by another run \(scaleadapt_seed: 3, now 4\)"):
        MembersFile(path, other, True).__enter__()
    with MembersFile(path, plan, True) as file:
        assert file.marked == 3
        file.add(plan.times[3:], rain_of(plan)[:, 3:])
    np.testing.assert_array_equal(read(path).rain, rain_of(plan))
    with MembersFile(path, plan, True) as file:
        assert file.complete
    assert names(tmp_path) == ["members.nc"]
    with MembersFile(path, other, True) as file:
        assert not file.complete


def test_a_damaged_journal_is_none(tmp_path, caplog):
    plan, path = layout(), tmp_path / "members.zarr"
    for damage in ("{", "[]", '{"run": {}, "marked": "x", "bytes": 1}'):
        with pytest.raises(KeyboardInterrupt), MembersFile(path, plan, True) as file:
            file.add(plan.times[:3], rain_of(plan)[:, :3])
            file.mark(3)
            raise KeyboardInterrupt
        (tmp_path / ".members.zarr.journal").write_text(damage)
        with MembersFile(path, plan, True) as file:
            assert file.marked == 0 and "is damaged" in caplog.text
            caplog.clear()
            fill(file, plan, rain_of(plan))
        np.testing.assert_array_equal(read(path).rain, rain_of(plan))
        assert names(tmp_path) == ["members.zarr"]
        shutil.rmtree(path)


def test_only_what_writers_of_the_same_file_left_is_swept(tmp_path):
    mine = [".a.nc.part", ".a.nc.old.part", ".a.nc.123-00ff00.part", ".a.nc.journal"]
    others = [".a.nc.bulk.part", ".a.nc.nc.part", ".a.nc.zarr.123-00ff00.part", ".b.nc.part"]
    for name in (*mine, *others):
        (tmp_path / name).touch()
    write(tmp_path / "a.nc", layout())
    assert names(tmp_path) == sorted([*others, "a.nc"])


def script(body):
    """A process of its own that writes members.nc or .zarr (its argument) in the current folder."""
    head = """
        import sys, time
        from pathlib import Path
        from anemoi_scaleadapt.rain.members import MembersFile
        from support.layouts import fill, layout, rain_of
        plan = layout(hours=30, mean=True)
        """
    return [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(body)]


SLOW = """
    with MembersFile(Path(sys.argv[1]), plan, True) as file:
        for start in range(file.marked, 30, 3):
            part = slice(start, start + 3)
            file.add(plan.times[part], rain_of(plan)[:, part], rain_of(plan)[:, part].mean(axis=0))
            file.mark(start + 3)
            print(start, flush=True)
            time.sleep(float(sys.argv[2]))
    """


@pytest.mark.parametrize("name", FORMATS)
def test_a_killed_run_goes_on_with_the_same_data(tmp_path, name, monkeypatch):
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    plan = layout(hours=30, mean=True)
    for windows in (2, 3):  # killed twice, each time in the middle of the next window or before it
        running = subprocess.Popen([*script(SLOW), name, "0.05"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(windows):
            running.stdout.readline()
        time.sleep(0.04)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert not (tmp_path / name).exists()
    done = subprocess.run([*script(SLOW), name, "0"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[0]) >= 12  # began after what was there
    data = read(tmp_path / name)
    np.testing.assert_array_equal(data.rain, rain_of(plan))
    np.testing.assert_array_equal(data.rain_mean, rain_of(plan).mean(axis=0))
    assert names(tmp_path) == [name]


def test_two_writers_of_one_file(tmp_path):
    plan = layout()
    with MembersFile(tmp_path / "members.nc", plan):
        with pytest.raises(ScaleAdaptError, match="is being written by another process"):
            check_members(tmp_path / "members.nc")
    check_members(tmp_path / "members.nc")
    assert names(tmp_path) == []


def test_a_full_disk_is_one_line(tmp_path):
    plan = layout(None, shape=(300, 300))
    rain = np.random.default_rng(0).gamma(1, 1, (3, 6, 300, 300))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for name in FORMATS:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))  # no file may become larger
            with pytest.raises(ScaleAdaptError, match=rf"{name} could not be written: .* MB are free"):
                with MembersFile(tmp_path / name, plan) as file:
                    file.add(plan.times, rain)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert names(tmp_path) == []
    signal.signal(signal.SIGXFSZ, ignored)


def test_the_suffix_says_the_format(tmp_path):
    with pytest.raises(ScaleAdaptError, match=r"ends in \.nc or \.zarr"):
        check_members(tmp_path / "members.csv")
