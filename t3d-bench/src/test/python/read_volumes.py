"""Brings a scan to RAS and 1 mm a number of times with nibabel (or pydicom) and scipy.ndimage; the
twin of ReadVolumes.java, with the same geometry: the centre of the scan stays in place.

The settings are the fastest that we found: int16 as read (no float copy), flips as views, linear
interpolation without prefilter straight to float32. zoom() takes as long as affine_transform().

python3 read_volumes.py PATH COUNT PROCESSES
"""

import json
import multiprocessing
import pathlib
import resource
import sys
import time

import numpy as np
from scipy import ndimage


def read_nifti(path):
    import nibabel as nib

    image = nib.as_closest_canonical(nib.load(path))
    return np.asanyarray(image.dataobj).T, image.header.get_zooms()[2::-1]  # (z, y, x)


def read_dicom(folder):
    import pydicom

    slices = [pydicom.dcmread(f) for f in pathlib.Path(folder).iterdir()]
    slices.sort(key=lambda s: s.ImagePositionPatient[2])
    first = slices[0]
    scan = np.empty((len(slices), first.Rows, first.Columns), np.int16)
    for z, s in enumerate(slices):
        scan[z] = s.pixel_array
    scan *= np.int16(first.RescaleSlope)
    scan += np.int16(first.RescaleIntercept)
    step = slices[1].ImagePositionPatient[2] - first.ImagePositionPatient[2]
    return scan[:, ::-1, ::-1], (step, *first.PixelSpacing)  # LPS to RAS


def read(path):
    scan, spacing = read_dicom(path) if pathlib.Path(path).is_dir() else read_nifti(path)
    step = 1 / np.asarray(spacing, float)
    n = np.array(scan.shape)
    size = np.floor(n / step + 0.5).astype(int)
    return ndimage.affine_transform(
        scan,
        step,
        offset=(n - 1) / 2 - (size - 1) / 2 * step,
        output_shape=tuple(size),
        output=np.float32,
        order=1,
        mode="nearest",
        prefilter=False,
    )


def check(path):
    volume = read(path)
    n = np.array(volume.shape)
    return volume.shape, [float(volume[tuple(n * i // 10)]) for i in range(1, 10)]


def main(path, count, processes):
    start = time.perf_counter()
    if processes == 1:
        results = [check(path) for _ in range(count)]
    else:
        with multiprocessing.Pool(processes) as pool:
            results = pool.map(check, [path] * count, chunksize=1)
    seconds = (time.perf_counter() - start) / count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size, voxels = results[0]
    print(json.dumps({"seconds": seconds, "peakMiB": peak, "size": size, "voxels": voxels}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
