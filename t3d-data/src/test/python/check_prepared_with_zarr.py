"""Opens a folder written by `t3d preprocess` with zarr-python and compares it with the raw scans.

The raw scans are prepared anew here, in numpy and scipy, from the settings in preprocessing.json:
orientation RAS, trilinear spacing, window, crop or pad. Needs zarr 2 and no T3D:
    apt-get install python3-zarr python3-scipy python3-nibabel
    /usr/bin/python3 check_prepared_with_zarr.py RAW/manifest.csv PREPARED
"""

import csv
import json
import os
import sys

import nibabel as nib
import numpy as np
import zarr
from scipy.ndimage import map_coordinates


def rows(manifest):
    folder = os.path.dirname(os.path.abspath(manifest))
    with open(manifest, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            yield {**row, "volume": os.path.join(folder, row["volume"])}


def resample(voxels, affine, spacing, order):
    """(x, y, z) voxels onto a spacing, keeping the centre; the edge goes on beyond the edge."""
    old = np.linalg.norm(affine[:3, :3], axis=0)
    step = np.asarray(spacing) / old
    n = np.asarray(voxels.shape)
    size = np.maximum(1, np.floor(n / step + 0.5)).astype(int)
    axes = [(n[a] - 1) / 2 + (np.arange(size[a]) - (size[a] - 1) / 2) * step[a] for a in range(3)]
    grid = np.meshgrid(*axes, indexing="ij")
    out = map_coordinates(voxels, grid, order=order, mode="nearest")
    shift = np.diag([*step, 1.0])
    shift[:3, 3] = [axis[0] for axis in axes]
    return out, affine @ shift


def crop_or_pad(voxels, affine, size, fill):
    out = np.full(size, fill, voxels.dtype)
    start = [int((have - want) / 2) for have, want in zip(voxels.shape, size)]
    source = tuple(slice(max(s, 0), min(s + w, h)) for s, w, h in zip(start, size, voxels.shape))
    target = tuple(slice(c.start - s, c.stop - s) for s, c in zip(start, source))
    out[target] = voxels[source]
    shift = np.eye(4)
    shift[:3, 3] = start
    return out, affine @ shift


def prepare(path, p):
    image = nib.load(path)
    if p["orientation"]:
        axcodes = nib.orientations.axcodes2ornt(p["orientation"])
        image = image.as_reoriented(
            nib.orientations.ornt_transform(nib.io_orientation(image.affine), axcodes)
        )
    voxels, affine = image.get_fdata(), image.affine
    if p["spacing"]:
        s = p["spacing"]
        voxels, affine = resample(voxels, affine, (s["x"], s["y"], s["z"]), 1)
    if p["window"]:
        low = p["window"]["level"] - p["window"]["width"] / 2
        voxels = np.clip((voxels - low) / p["window"]["width"], 0, 1)
    if p["size"]:
        s = p["size"]
        voxels, affine = crop_or_pad(voxels, affine, (s["width"], s["height"], s["depth"]), 0.0)
    return voxels.transpose(2, 1, 0), affine


def main(raw, prepared):
    with open(os.path.join(prepared, "preprocessing.json"), encoding="utf-8") as f:
        p = json.load(f)["preprocessing"]
    worst = 0.0
    count = 0
    for before, after in zip(rows(raw), rows(os.path.join(prepared, "manifest.csv"))):
        z = zarr.open(after["volume"], mode="r")
        values = z[...] * z.attrs["scale"] + z.attrs["offset"]
        expected, affine = prepare(before["volume"], p)
        assert z.shape == expected.shape, (z.shape, expected.shape)
        assert np.allclose(np.array(z.attrs["affine"]), affine, atol=1e-4), after["volume"]
        worst = max(worst, float(np.abs(values - expected).max()))
        count += 1
    print(f"zarr {zarr.__version__}: {count} volumes, {z.info_items()[2:5]}")
    print(f"largest difference {worst:.2e}, half a step {z.attrs['scale'] / 2:.2e}")
    assert worst < z.attrs["scale"], worst


if __name__ == "__main__":
    main(*sys.argv[1:])
