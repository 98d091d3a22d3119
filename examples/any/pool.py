"""Pack hourly fine rain for training: pool.py FILE.nc --start DATE --end DATE --name N --licence TEXT --to DIR."""

import argparse
import json
from pathlib import Path

import netCDF4
import numpy as np

from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain

#: pixels on a side of the blocks whose wet share is kept, to find rain quickly
BLOCK = 20
#: mm h-1 of one step of the packed numbers; -1 is missing
STEP = 0.01


def pack(path: Path, start: str, end: str, east_of: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the rain of a period as int16 (time, y, x), and the wet share of its blocks, NaN where all is missing."""
    with netCDF4.Dataset(path) as file:
        time = file["time"]
        ends = netCDF4.num2date(time[:], time.units, only_use_cftime_datetimes=False)
        ends = np.array(ends, dtype="datetime64[m]")
        inside = np.flatnonzero((ends > np.datetime64(start)) & (ends <= np.datetime64(end)))
        if len(inside) == 0:
            raise SystemExit(f"{path} has no hour from {start} to {end}.")
        if np.any(np.diff(ends[inside]) != np.timedelta64(1, "h")):
            raise SystemExit(f"{path}: the hours from {start} to {end} are not consecutive.")
        columns = slice(None)
        if east_of is not None:
            columns = slice(int(np.searchsorted(file["lon"][:], east_of)), None)
        rain = file["rain"]
        rain.set_auto_maskandscale(False)
        if not np.isclose(rain.scale_factor, STEP):
            raise SystemExit(f"{path}: rain is packed in steps of {rain.scale_factor}, not {STEP}.")
        mask = file["radar_mask"][:] == 1 if "radar_mask" in file.variables else True
        out, wet = [], []
        for i in inside:
            field = rain[i][:, columns]
            field = np.where(mask & (field != rain._FillValue), field, -1).astype("int16")
            out.append(field)
            ny, nx = (n // BLOCK * BLOCK for n in field.shape)
            blocks = field[:ny, :nx].reshape(ny // BLOCK, BLOCK, nx // BLOCK, BLOCK)
            known = (blocks >= 0).mean((1, 3))
            wet.append(np.where(known > 0.5, (blocks > 0).mean((1, 3)), np.nan))
    return np.stack(out), np.stack(wet).astype("float32")


def packed(folder: Path, name: str) -> Rain:
    """Packed rain as a record, NaN where missing."""
    rain = np.load(folder / f"{name}.npy", mmap_mode="r")
    ends = np.datetime64(json.loads((folder / f"{name}.json").read_text())["start"], "s") + HOUR

    def frames(index: np.ndarray) -> np.ndarray:
        return np.where(rain[index] < 0, np.nan, rain[index] * np.float32(STEP))[None]

    return Rain(name, ends + np.arange(len(rain)) * HOUR, rain.shape[1:], None, None, frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    for name in ("start", "end", "name", "licence"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--east-of", type=float)
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args()
    rain, wet = pack(args.file, args.start, args.end, args.east_of)
    args.to.mkdir(parents=True, exist_ok=True)
    np.save(args.to / f"{args.name}.npy", rain)
    np.save(args.to / f"{args.name}.wet.npy", wet)
    told = {"file": args.file.name, "start": args.start, "end": args.end, "licence": args.licence, "hours": len(rain)}
    (args.to / f"{args.name}.json").write_text(json.dumps(told, indent=1))
    print(args.name, rain.shape, f"wet share {np.nanmean(wet):.3f}")


if __name__ == "__main__":
    main()
