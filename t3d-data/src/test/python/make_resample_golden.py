"""Resampling references: scipy for spacings and torch (align_corners=False) for sizes.

Run from t3d-data: python3 src/test/python/make_resample_golden.py
"""

import json
import pathlib

import numpy as np
import torch
from scipy import ndimage

OUT = pathlib.Path(__file__).parents[1] / "resources/golden/resample"


def case(name, volume, spacing, out, **to):
    return {
        "name": name,
        "size": volume.shape,
        "spacing": spacing,
        "voxels": [round(float(v), 6) for v in volume.ravel()],
        "outSize": out.shape,
        "out": [round(float(v), 6) for v in out.ravel()],
        **to,
    }


def by_scipy(volume, spacing, wanted, order):
    step = np.array(wanted) / np.array(spacing)
    n = np.array(volume.shape)
    size = np.maximum(1, np.floor(n / step + 0.5)).astype(int)
    origin = (n - 1) / 2 - (size - 1) / 2 * step
    return ndimage.affine_transform(
        volume, step, offset=origin, output_shape=tuple(size), order=order, mode="nearest"
    )


def by_torch(volume, size):
    v = torch.from_numpy(volume)[None, None]
    return torch.nn.functional.interpolate(v, size, mode="trilinear", align_corners=False)[0, 0]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    v = rng.normal(0, 300, (5, 6, 7)).round(3)
    spacing = (2.5, 0.9, 0.7)
    finer, coarser = (1.3, 0.8, 0.45), (4.1, 1.7, 1.1)
    cases = []
    for wanted in (finer, coarser, (2.5, 1.7, 0.7)):
        for order, mode in ((1, "LINEAR"), (0, "NEAREST")):
            out = by_scipy(v, spacing, wanted, order)
            cases.append(case("scipy", v, spacing, out, wanted=wanted, interpolation=mode))
    for size in ((9, 12, 5), (2, 3, 4), (5, 6, 14)):
        out = by_torch(v, size).numpy()
        cases.append(case("torch", v, spacing, out, interpolation="LINEAR"))
    # torch's antialias covers two dimensions: one slice.
    flat = torch.from_numpy(v[:1])[None]
    out = torch.nn.functional.interpolate(
        flat, (2, 3), mode="bilinear", align_corners=False, antialias=True
    )[0].numpy()
    cases.append(case("torch", v[:1], spacing, out, interpolation="LINEAR_ANTIALIASED"))
    lines = ",\n".join(json.dumps(c) for c in cases)
    (OUT / "expected.json").write_text("[\n" + lines + "\n]\n")


main()
