"""Writes zarr.zip for ZarrGoldenTest: small Zarr v2 arrays as zarr-python stores them.

Needs zarr 2 (Debian: apt-get install python3-zarr), so run it by the system's Python:
    /usr/bin/python3 make_zarr_golden.py ../resources/golden/zarr/zarr.zip
"""

import os
import sys
import tempfile
import zipfile

import numcodecs
import numpy as np
import zarr

AFFINE = [[-0.75, 0, 0, 90.5], [0, 0.75, 0, -60.25], [0, 0, 1.5, 12], [0, 0, 0, 1]]


def values(dtype):
    """(5, 6, 7) = (z, y, x): 100 z + 10 y + x - 200, as stored values."""
    z, y, x = np.meshgrid(np.arange(5), np.arange(6), np.arange(7), indexing="ij")
    v = 100 * z + 10 * y + x - 200
    return (v % 200 if dtype == "|u1" else v).astype(dtype)


def write(folder, name, dtype, compressor, filters=None, separator="."):
    array = zarr.open_array(
        os.path.join(folder, name + ".zarr"),
        mode="w",
        shape=(5, 6, 7),
        chunks=(2, 4, 4),
        dtype=dtype,
        compressor=compressor,
        filters=filters,
        dimension_separator=separator,
        write_empty_chunks=True,
    )
    array[...] = values(dtype)
    array.attrs["affine"] = AFFINE
    array.attrs["scale"] = 0.5
    array.attrs["offset"] = -3.0


def main(target):
    with tempfile.TemporaryDirectory() as folder:
        shuffle2 = [numcodecs.Shuffle(elementsize=2)]
        shuffle4 = [numcodecs.Shuffle(elementsize=4)]
        write(folder, "int16-zstd-shuffle", "<i2", numcodecs.Zstd(level=3), shuffle2)
        write(folder, "int16-zstd", "<i2", numcodecs.Zstd())
        write(folder, "int16-raw", "<i2", None)
        write(folder, "float32-gzip-shuffle", "<f4", numcodecs.GZip(), shuffle4)
        write(folder, "uint16-zlib-nested", "<u2", numcodecs.Zlib(), None, "/")
        write(folder, "uint8-zstd", "|u1", numcodecs.Zstd())
        write(folder, "int16-blosc", "<i2", numcodecs.Blosc())
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
            for root, _, files in sorted(os.walk(folder)):
                for file in sorted(files):
                    path = os.path.join(root, file)
                    info = zipfile.ZipInfo(os.path.relpath(path, folder), (2026, 1, 1, 0, 0, 0))
                    with open(path, "rb") as f:
                        out.writestr(info, f.read(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main(sys.argv[1])
