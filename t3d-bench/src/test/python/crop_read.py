"""Times a random crop with nibabel and zarr-python, from the files that CropReadBenchmark keeps.

    t3d-bench/bench CropRead -p keep=/tmp/crop-read
    python3 t3d-bench/src/test/python/crop_read.py /tmp/crop-read

Crops are float32 in (z, y, x), as T3D's are; with whole HU in the Zarr volume both must be equal.
"""

import pathlib
import random
import statistics
import sys
import time

import nibabel
import numpy as np
import zarr

CROP = 96


def nibabel_whole(path, z, y, x):
    voxels = np.asanyarray(nibabel.load(path).dataobj).T
    return voxels[z : z + CROP, y : y + CROP, x : x + CROP].astype(np.float32)


def nibabel_slices(path, z, y, x):
    """Unpacks up to the crop's last voxel only."""
    lazy = nibabel.load(path).dataobj
    return lazy[x : x + CROP, y : y + CROP, z : z + CROP].T.astype(np.float32)


def cropped(array, z, y, x):
    voxels = array[z : z + CROP, y : y + CROP, x : x + CROP].astype(np.float32)
    return voxels * np.float32(array.attrs["scale"]) + np.float32(array.attrs["offset"])


def main():
    folder = pathlib.Path(sys.argv[1])
    nifti, stored = folder / "ct.nii.gz", str(folder / "ct.zarr")
    opened = zarr.open(stored, mode="r")
    ways = {
        "nibabel, whole .nii.gz": (lambda *at: nibabel_whole(nifti, *at), 5),
        "nibabel, sliced .nii.gz": (lambda *at: nibabel_slices(nifti, *at), 5),
        "zarr-python, opened before": (lambda *at: cropped(opened, *at), 20),
        "zarr-python, with opening": (lambda *at: cropped(zarr.open(stored, mode="r"), *at), 20),
    }
    for name, (read, times) in ways.items():
        source = random.Random(1)
        seconds = []
        for n in range(times + 1):
            at = [source.randrange(size - CROP + 1) for size in opened.shape]
            start = time.perf_counter()
            crop = read(*at)
            seconds.append(time.perf_counter() - start)
            if n == 0:
                assert crop.shape == (CROP,) * 3
                expected = nibabel_whole(nifti, *at)
                if opened.attrs["scale"] == 1:
                    assert np.array_equal(crop, expected), name
        print(f"{name}: {1e3 * statistics.median(seconds[1:]):.1f} ms")


if __name__ == "__main__":
    main()
