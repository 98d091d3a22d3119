"""A climate model's coarse rain, and an untrained network of every pair."""

import numpy as np
import torch
import xarray as xr

#: a fine grid of 50 x 50 pixels within it, as options and as arguments
GRID = ["--grid", "EPSG:2154", "--resolution", "1000", "--box", "600000,6600000,650000,6650000"]
WHERE = {"grid": "EPSG:2154", "resolution": 1000, "box": (600_000, 6_600_000, 650_000, 6_650_000)}


def write_flux(path) -> str:
    """A flux: two members, six-hourly, the second frame of five missing; its path."""
    lat, lon = np.arange(49.0, 44.9, -0.25), np.arange(-0.5, 5.1, 0.25)
    ends = np.datetime64("2020-01-01T06", "ns") + np.array([0, 2, 3, 4]) * np.timedelta64(6, "h")
    rain = np.random.default_rng(0).gamma(0.5, 1, (4, 2, len(lat), len(lon)))
    data = xr.Dataset(
        {
            "pr": (("time", "realization", "lat", "lon"), rain / 3600, {"units": "kg m-2 s-1"}),
            "time_bnds": (("time", "n"), np.stack([ends - np.timedelta64(6, "h"), ends], 1)),
        },
        {"time": ("time", ends, {"bounds": "time_bnds"}), "realization": [0, 1]},
    )
    data = data.assign_coords(lat=("lat", lat, {"units": "degrees_north"}), lon=("lon", lon, {"units": "degrees_east"}))
    data.to_netcdf(path)
    return str(path)


def write_weights(folder, network, seed=0):
    """An export of an untrained network."""
    from anemoi_scaleadapt.models.anemoi import RainModel
    from anemoi_scaleadapt.pretrained import save

    torch.manual_seed(seed)
    model = RainModel({"pairs": {}, "unit": 0.2, "network": network, "sampler": {"steps": 2}})
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5 / max(1, parameter[0].numel()) ** 0.5)
    save(model, folder, {})
    return folder
