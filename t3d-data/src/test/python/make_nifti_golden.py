"""Writes small NIfTI files of every type, byte order and header kind, with what nibabel reads.

Run from t3d-data: python3 src/test/python/make_nifti_golden.py
"""

import itertools
import json
import pathlib

import nibabel as nib
import numpy as np

OUT = pathlib.Path(__file__).parents[1] / "resources/golden/nifti"
SIZE = (4, 3, 2)
TYPES = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64".split()
SCALES = [(1.0, 0.0), (2.5, -1024.0), (0.0, 7.0), (float("nan"), 0.0), (-0.001, 3.0)]
FORMS = ["sform", "qform", "both", "none", "qform-left"]


def rotation(rng):
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q if np.linalg.det(q) > 0 else -q


def voxels(rng, dtype):
    if dtype.kind == "f":
        return rng.normal(0, 500, SIZE).astype(dtype)
    info = np.iinfo(dtype)
    data = rng.integers(info.min, info.max, SIZE, dtype=dtype, endpoint=True)
    data.flat[0], data.flat[1] = info.min, info.max
    return data


def header(rng, version, order, dtype, form, scale):
    hdr = (nib.Nifti1Header if version == 1 else nib.Nifti2Header)(endianness=order)
    hdr.set_data_dtype(dtype.newbyteorder(order))
    hdr.set_data_shape(SIZE)
    hdr["magic"] = hdr.single_magic
    hdr["vox_offset"] = hdr.single_vox_offset
    hdr["pixdim"][1:4] = (0.7, 0.9, 2.5)
    hdr["scl_slope"], hdr["scl_inter"] = scale
    affine = np.eye(4)
    affine[:3, :3] = rotation(rng) @ np.diag([0.7, 0.9, 2.5])
    affine[:3, 3] = rng.normal(0, 100, 3)
    if form == "qform-left":
        affine[:3, 2] *= -1
    if form in ("qform", "both", "qform-left"):
        hdr.set_qform(affine, code=1)
    if form in ("sform", "both"):
        affine[0, 1] += 0.1  # a shear, and different from the qform
        hdr.set_sform(affine, code=2)
    return hdr


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    cases = []
    combos = itertools.product((1, 2), "<>", TYPES)
    for i, (version, order, name) in enumerate(combos):
        dtype = np.dtype(name)
        form, scale = FORMS[i % 5], SCALES[(i // 5 + i) % 5]
        hdr = header(rng, version, order, dtype, form, scale)
        data = voxels(rng, dtype)
        raw = hdr.binaryblock + b"\0\0\0\0" + data.astype(dtype.newbyteorder(order)).tobytes("F")
        suffix = ".nii.gz" if i % 3 == 0 else ".nii"
        file = f"{name}-{'le' if order == '<' else 'be'}-nifti{version}-{form}{suffix}"
        if suffix == ".nii.gz":
            import gzip

            raw = gzip.compress(raw, mtime=0)
        (OUT / file).write_bytes(raw)
        img = nib.load(OUT / file)
        got = img.get_fdata().astype(np.float32)
        cases.append(
            {
                "file": file,
                "size": list(got.shape),
                "pixelType": name,
                "affine": img.affine[:3].ravel().tolist(),
                "voxels": [float(v) for v in got.ravel("F")],
            }
        )
    lines = ",\n".join(json.dumps(c) for c in cases)
    (OUT / "expected.json").write_text("[\n" + lines + "\n]\n")


main()
