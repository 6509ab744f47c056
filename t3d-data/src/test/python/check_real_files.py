"""Compares ./t3d inspect with nibabel and pydicom on real files that Debian packages bring.

apt-get install mricron-data python3-nibabel python3-pydicom libgdcm-tools dcmtk
Run from anywhere: python3 t3d-data/src/test/python/check_real_files.py [PATH...]
Prints a row per file and ends with 1 when a value differs, or when a file is refused that the
referee takes for a sound volume.
"""

import json
import pathlib
import subprocess
import sys

import nibabel as nib
import numpy as np

import dicom_referee

ROOT = pathlib.Path(__file__).parents[4]
DIST = pathlib.Path("/usr/lib/python3/dist-packages")
DICOM = DIST / "pydicom/data/test_files"
NIBABEL = DIST / "nibabel/tests/data"


def found():
    yield from sorted(pathlib.Path("/usr/share/mricron/templates").glob("*.nii.gz"))
    yield from sorted(NIBABEL.glob("*.nii")) + sorted(NIBABEL.glob("*.nii.gz"))
    yield from sorted(d for d in DICOM.glob("dicomdirtests/*/*") if d.is_dir())
    for name in "CT_small MR_small MR_small_RLE MR_small_bigendian MR_small_implicit".split():
        yield DICOM / f"{name}.dcm"
    for name in "MR_small_jp2klossless MR_small_jpeg_ls_lossless MR_truncated".split():
        yield DICOM / f"{name}.dcm"
    for name in "JPEG2000 JPGExtended image_dfl liver_1frame rtdose SC_rgb_rle".split():
        yield DICOM / f"{name}.dcm"


def referee(path):
    """(voxels, affine), or why the file is no volume."""
    try:
        if path.suffix in (".nii", ".gz"):
            image = nib.load(path)
            data, affine = np.asarray(image.dataobj, dtype=np.float64), image.affine
            while data.ndim > 3 and data.shape[-1] == 1:
                data = data[..., 0]
            return (data, affine) if data.ndim == 3 else f"{data.ndim}-D"
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return why_not(files) or dicom_referee.read(files)
    except Exception as e:  # any complaint of the referee is its verdict
        return f"{type(e).__name__}: {e}"[:60]


def why_not(files):
    slices = [dicom_referee.load(f) for f in files]
    if len({s.SeriesInstanceUID for s in slices}) > 1:
        return "several series"
    first = slices[0]
    if first.get("SamplesPerPixel", 1) != 1:
        return "colour"
    if any("ImagePositionPatient" not in s for s in slices):
        return "no position"
    if any(int(s.get("NumberOfFrames", 1)) > 1 for s in slices):
        return "frames without the place of each"
    if len({tuple(s.ImageOrientationPatient) for s in slices}) > 1:
        return "several orientations"
    positions = np.array([s.ImagePositionPatient for s in slices], dtype=float)
    o = np.array(first.ImageOrientationPatient, dtype=float)
    gaps = np.diff(np.sort(positions @ np.cross(o[:3], o[3:])))
    if len(gaps) and gaps.max() - gaps.min() > 0.01 * abs(gaps.mean()):
        return "unequal distances"
    return None


def inspect(path):
    run = subprocess.run(
        [ROOT / "t3d", "inspect", str(path), "--json"], capture_output=True, text=True
    )
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr.strip().split("\n")[-1]


def differences(ours, voxels, affine):
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    scale = max(1.0, np.nanmax(np.abs(voxels)))
    mine = np.array(ours["direction"]).reshape(3, 3) * np.array(ours["spacing"])
    return {
        "size": int(tuple(ours["size"]) != voxels.shape),
        "spacing": np.abs(np.array(ours["spacing"]) - spacing).max(),
        "affine": np.abs(np.column_stack([mine, ours["origin"]]) - affine[:3]).max(),
        "orientation": int(ours["orientation"] != "".join(nib.aff2axcodes(affine))),
        "min": apart(ours["min"], np.float32(voxels.min())),
        "max": apart(ours["max"], np.float32(voxels.max())),
        "mean": apart(ours["mean"], voxels.astype(np.float32).astype(np.float64).mean()) / scale,
    }


def apart(ours, theirs):
    """JSON knows no NaN, which a volume with NaN voxels has for its mean: it comes as a text."""
    ours, theirs = float(ours), float(theirs)
    return 0.0 if np.isnan(ours) and np.isnan(theirs) else abs(ours - theirs)


def short(path):
    parts = path.parts
    return "/".join(parts[-2:]) if path.is_dir() else parts[-1]


def main():
    paths = [pathlib.Path(p) for p in sys.argv[1:]] or list(found())
    print("| file | size | orientation | min | max | mean (t3d / referee) | largest difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    failed = 0
    for path in paths:
        ours, theirs = inspect(path), referee(path)
        if isinstance(theirs, str) or isinstance(ours, str):
            both = isinstance(theirs, str) and isinstance(ours, str)
            failed += isinstance(ours, str) and not both
            verdict = "refused by both" if both else "**they differ**"
            ours = ours if isinstance(ours, str) else f"read as {ours['size']}"
            theirs = theirs if isinstance(theirs, str) else f"read as {theirs[0].shape}"
            print(f"| {short(path)} | {verdict} | t3d: {ours.replace(str(path), '…')} | referee: {theirs} |")
            continue
        worst = differences(ours, *theirs)
        name, value = max(worst.items(), key=lambda kv: kv[1])
        failed += value > 1e-5
        size = "×".join(map(str, ours["size"]))
        print(
            f"| {short(path)} | {size} | {ours['orientation']} | {float(ours['min']):g} | {float(ours['max']):g} "
            f"| {float(ours['mean']):.6f} / {theirs[0].mean():.6f} | {value:.1e} ({name}) |"
        )
    print(f"{len(paths)} files, {failed} unexpected")
    sys.exit(failed > 0)


main()
