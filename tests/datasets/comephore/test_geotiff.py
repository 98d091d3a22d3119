import datetime as dt

import numpy as np
import pytest

from anemoi_scaleadapt.datasets.comephore.geotiff import UnreadableError, decode, grid_of, odd_tags, open_image
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.errors import ScaleAdaptError
from support.synthetic import encode

DATE = dt.datetime(2019, 2, 1, 0)
GRID = StereGrid().crop(10, 20, 3, 4)
RAIN = np.array([[0, 1, 2, 3], [65534, 65535, 10, 7], [5, 0, 0, 65535]], np.uint16)
ALL = (slice(None), slice(None))


def test_integers_are_tenths_of_a_millimetre_correctly_rounded_and_65535_is_missing():
    values = decode(open_image(encode(RAIN, DATE, "RR", GRID)), "RR", ALL)
    assert values.dtype == np.float32
    expected = (RAIN.astype(np.float64) / 10).astype(np.float32)
    expected[RAIN == 65535] = np.nan
    np.testing.assert_array_equal(values, expected)


def test_quality_is_in_per_cent_and_255_is_missing():
    quality = np.array([[0, 84, 100, 255]], np.uint8)
    grid = StereGrid().crop(0, 0, 1, 4)
    values = decode(open_image(encode(quality, DATE, "QUALIF", grid)), "QUALIF", ALL)
    np.testing.assert_array_equal(values, [[0, 84, 100, np.nan]])


def test_only_the_area_is_given_back():
    values = decode(open_image(encode(RAIN, DATE, "RR", GRID)), "RR", (slice(0, 2), slice(1, 3)))
    np.testing.assert_array_equal(values, np.array([[0.1, 0.2], [np.nan, 1.0]], np.float32))


def test_the_grid_comes_from_the_tags():
    assert grid_of(open_image(encode(RAIN, DATE, "RR", GRID))).same_as(GRID)


def test_another_projection_is_refused_with_the_keys_that_differ():
    other = encode(RAIN, DATE, "RR", GRID, doubles=(60.0, 10.0, 0.0, 0.0, 0.0))
    with pytest.raises(ScaleAdaptError, match=r"3081 = 60.0") as error:
        grid_of(open_image(other))
    assert not isinstance(error.value, UnreadableError)


def test_a_plain_tiff_is_refused():
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(RAIN).save(buffer, "TIFF")
    with pytest.raises(ScaleAdaptError, match="no GeoTIFF tags"):
        grid_of(open_image(buffer.getvalue()))


def test_tags_that_contradict_the_name_are_told():
    image = open_image(encode(RAIN, DATE, "RR", GRID))
    assert odd_tags(image, DATE, "RR") is None
    assert "2019:02:01 00" in odd_tags(image, DATE + dt.timedelta(hours=1), "RR")
    assert "ImageDescription says RR" in odd_tags(image, DATE, "ERR")


def test_rain_in_eight_bits_is_refused():
    image = open_image(encode(RAIN.astype(np.uint8), DATE, "RR", GRID))
    with pytest.raises(ScaleAdaptError, match="uint8"):
        decode(image, "RR", ALL)


def test_bytes_that_are_cut_off_are_never_read_as_rain():
    data = encode(RAIN, DATE, "RR", GRID)
    for keep in range(0, len(data), 3):
        with pytest.raises(UnreadableError):
            image = open_image(data[:keep])
            grid_of(image)
            decode(image, "RR", ALL)


def test_one_wrong_bit_ends_in_our_own_error_or_in_values():
    data, rng = encode(RAIN, DATE, "RR", GRID), np.random.default_rng(0)
    refused = 0
    for position in rng.integers(0, len(data), 300):
        damaged = bytearray(data)
        damaged[position] ^= 1 << rng.integers(0, 8)
        try:
            image = open_image(bytes(damaged))
            grid_of(image)
            decode(image, "RR", (slice(0, 1), slice(0, 1)))
        except ScaleAdaptError:
            refused += 1
    assert refused > 30


def test_a_real_national_frame_has_the_grid_that_is_the_default(national_tar):
    import tarfile

    with tarfile.open(national_tar) as tar:
        data = tar.extractfile("1997/1997013105_RR.gtif").read()
    image = open_image(data)
    assert grid_of(image) == StereGrid()
    assert odd_tags(image, dt.datetime(1997, 1, 31, 5), "RR") is None
    values = decode(image, "RR", ALL)
    assert np.isfinite(values).sum() == 650_724
    rows, columns = np.nonzero(np.isfinite(values))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (306, 1348, 235, 1440)
