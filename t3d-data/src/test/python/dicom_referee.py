"""Reads a DICOM series with pydicom and numpy alone, as the reference for the Java reader."""

import pathlib
import subprocess
import tempfile

import numpy as np
import pydicom

from golden import ras

DECODERS = {
    "1.2.840.10008.1.2.4.50": ["dcmdjpeg"],
    "1.2.840.10008.1.2.4.51": ["dcmdjpeg"],
    "1.2.840.10008.1.2.4.57": ["dcmdjpeg"],
    "1.2.840.10008.1.2.4.70": ["dcmdjpeg"],
    "1.2.840.10008.1.2.4.80": ["dcmdjpls"],
    "1.2.840.10008.1.2.4.81": ["dcmdjpls"],
    "1.2.840.10008.1.2.4.90": ["gdcmconv", "-w"],
    "1.2.840.10008.1.2.4.91": ["gdcmconv", "-w"],
}


def load(path):
    """A data set whose pixels numpy can read; JPEG is unpacked by another program."""
    ds = pydicom.dcmread(path)
    decoder = DECODERS.get(ds.file_meta.TransferSyntaxUID)
    if decoder is None:
        return ds
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder) / "raw.dcm"
        subprocess.run([*decoder, str(path), str(raw)], check=True)
        ds = pydicom.dcmread(raw)
        ds.PixelData  # read before the file goes
        return ds


def frames(ds):
    """(position, orientation, spacing, real values [row, column]) of every frame."""
    if "PerFrameFunctionalGroupsSequence" not in ds:
        values = ds.pixel_array * float(ds.get("RescaleSlope", 1)) + float(
            ds.get("RescaleIntercept", 0)
        )
        return [(ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.PixelSpacing, values)]
    shared = ds.SharedFunctionalGroupsSequence[0]
    found = []
    for frame, pixels in zip(ds.PerFrameFunctionalGroupsSequence, ds.pixel_array):

        def group(name):
            return (frame if name in frame else shared)[name][0]

        rescale = group("PixelValueTransformationSequence")
        found.append(
            (
                group("PlanePositionSequence").ImagePositionPatient,
                group("PlaneOrientationSequence").ImageOrientationPatient,
                group("PixelMeasuresSequence").PixelSpacing,
                pixels * float(rescale.RescaleSlope) + float(rescale.RescaleIntercept),
            )
        )
    return found


def gap(path):
    """What a single slice says of its thickness, in mm."""
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    return float(ds.get("SpacingBetweenSlices") or ds.get("SliceThickness") or 1)


def read(paths):
    """Voxels [x, y, z] and the affine in RAS+, slices along the normal of the first one."""
    slices = [f for p in paths for f in frames(load(p))]
    _, orientation, spacing, _ = slices[0]
    row = np.array(orientation[:3], dtype=float)
    column = np.array(orientation[3:], dtype=float)
    normal = np.cross(row, column)
    slices.sort(key=lambda s: float(np.dot(normal, np.array(s[0], dtype=float))))
    first, last = (np.array(slices[i][0], dtype=float) for i in (0, -1))
    affine = np.eye(4)
    affine[:3, 0] = row * float(spacing[1])
    affine[:3, 1] = column * float(spacing[0])
    affine[:3, 2] = (last - first) / (len(slices) - 1) if len(slices) > 1 else normal * gap(paths[0])
    affine[:3, 3] = first
    return np.stack([s[3].T for s in slices], axis=2), ras(affine)
