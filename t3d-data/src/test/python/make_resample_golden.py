"""Resampling references: scipy for spacings and torch (align_corners=False) for sizes, and nibabel
with scipy for a file that is reoriented too.

The inputs are float32, as volumes hold them; the references are computed in float64. What remains
between them and us is then the one rounding of the result to float32.

Run from t3d-data: python3 src/test/python/make_resample_golden.py
"""

import json
import pathlib

import nibabel as nib
import numpy as np
import torch
from scipy import ndimage

OUT = pathlib.Path(__file__).parents[1] / "resources/golden/resample"


def case(name, volume, spacing, out, **to):
    return {
        "name": name,
        "size": volume.shape,
        "spacing": spacing,
        "voxels": [float(v) for v in volume.ravel()],
        "outSize": out.shape,
        "out": [round(float(v), 7) for v in out.ravel()],
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
    v = rng.uniform(-1000, 1000, (5, 6, 7)).astype(np.float32).astype(np.float64)
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
    scan()


def scan():
    """An LPS file of int16 HU, brought to RAS and 1 mm."""
    rng = np.random.default_rng(4)
    hu = rng.integers(-1024, 3072, (7, 6, 5), dtype=np.int16)
    affine = np.diag([-0.7, -0.8, 2.2, 1])
    affine[:3, 3] = (11, 12, -13)
    nib.save(nib.Nifti1Image(hu, affine), OUT / "scan.nii.gz")
    ras = nib.as_closest_canonical(nib.load(OUT / "scan.nii.gz"))
    spacing = np.linalg.norm(ras.affine[:3, :3], axis=0)
    out = by_scipy(ras.get_fdata(), spacing, (1, 1, 1), 1)
    corner = -(np.array(out.shape) - 1) / 2 + (np.array(hu.shape) - 1) / 2 * spacing
    expected = {
        "outSize": out.shape[::-1],
        "origin": (ras.affine[:3, 3] + corner).tolist(),
        "out": [round(float(v), 7) for v in out.ravel("F")],
    }
    (OUT / "scan.json").write_text(json.dumps(expected) + "\n")


main()
