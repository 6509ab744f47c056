"""Writes the golden files of RadChestCtReaderTest: run in this folder with numpy.

The first file is stored as the set's own pipeline stores it: a C-ordered (x, y, z) array that is transposed and cast, which
leaves it in Fortran order.
"""
import numpy as np

out = "../resources/golden/npz/"
values = np.arange(24, dtype=np.float32).reshape(4, 3, 2) * 100 - 1000  # (x, y, z)
pipeline = np.rint(np.transpose(values, (2, 1, 0))).astype(np.int16)  # (z, y, x)
assert not pipeline.flags.c_contiguous
np.savez_compressed(out + "fortran_int16.npz", ct=pipeline)
np.savez_compressed(out + "c_int64.npz", ct=np.ascontiguousarray(pipeline).astype(np.int64))
np.savez(out + "big_endian_float32.npz", ct=np.ascontiguousarray(pipeline).astype(">f4"))
np.savez(out + "other_name.npz", volume=pipeline)
np.savez(out + "flat.npz", ct=pipeline[0])
np.savez(out + "complex.npz", ct=pipeline.astype(np.complex64))
