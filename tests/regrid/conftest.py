import numpy as np
import pytest


@pytest.fixture
def grib(tmp_path):
    """``grib(kind)``: the path of one GRIB2 field of total precipitation made by eccodes' own samples."""
    import eccodes

    def make(kind: str, values=None) -> str:
        path = tmp_path / f"{kind.split()[0]}.grib2"
        name = "reduced_gg_pl_32_grib2" if kind == "reduced" else "regular_ll_sfc_grib2"
        handle = eccodes.codes_grib_new_from_samples(name)
        if kind != "reduced":
            south = kind == "south first"
            keys = {
                "Ni": 41, "Nj": 31, "iDirectionIncrementInDegrees": 0.5, "jDirectionIncrementInDegrees": 0.5,
                "latitudeOfFirstGridPointInDegrees": 40 if south else 55, "longitudeOfFirstGridPointInDegrees": 355,
                "latitudeOfLastGridPointInDegrees": 55 if south else 40, "longitudeOfLastGridPointInDegrees": 15,
                "jScansPositively": int(south),
            }  # fmt: skip
            for key, value in keys.items():
                eccodes.codes_set(handle, key, value)
        eccodes.codes_set(handle, "bitsPerValue", 24)
        size = eccodes.codes_get_size(handle, "values") if kind == "reduced" else 41 * 31
        field = np.random.default_rng(1).gamma(0.5, 2, size) if values is None else values
        eccodes.codes_set_values(handle, np.asarray(field, "float64").ravel())
        with open(path, "wb") as file:
            eccodes.codes_write(handle, file)
        eccodes.codes_release(handle)
        return str(path)

    return make
