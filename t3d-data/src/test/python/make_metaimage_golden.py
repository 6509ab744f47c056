"""Writes tiny MetaImage files, sound and broken, with what their header and bytes say.

The reference is numpy alone: no MetaImage library is involved.
Run from t3d-data: python3 src/test/python/make_metaimage_golden.py
"""

import pathlib
import shutil
import zlib

import numpy as np

from golden import exact, ras, refused, write

OUT = pathlib.Path(__file__).parents[1] / "resources/golden/metaimage"
SIZE = (5, 4, 3)
SPACING = (0.7, 0.9, 2.5)
TYPES = {
    "int8": "MET_CHAR",
    "uint8": "MET_UCHAR",
    "int16": "MET_SHORT",
    "uint16": "MET_USHORT",
    "int32": "MET_INT",
    "uint32": "MET_UINT",
    "int64": "MET_LONG_LONG",
    "uint64": "MET_ULONG_LONG",
    "float32": "MET_FLOAT",
    "float64": "MET_DOUBLE",
}
rng = np.random.default_rng(29)
cases = []


def voxels(dtype, size=SIZE):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 500, size).astype(dtype)
    info = np.iinfo(dtype)
    data = rng.integers(info.min, info.max, size, dtype=dtype, endpoint=True)
    data.flat[0], data.flat[1] = info.min, info.max
    return data


def rotation():
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q if np.linalg.det(q) > 0 else -q


def numbers(values):
    return " ".join(repr(float(v)) for v in values)


def header(data, q, origin, **fields):
    """The rows of TransformMatrix are the directions of the voxel axes, in LPS+."""
    lines = {
        "ObjectType": "Image",
        "NDims": data.ndim,
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "TransformMatrix": numbers(q.T.ravel()),
        "Offset": numbers(origin),
        "CenterOfRotation": "0 0 0",
        "AnatomicalOrientation": "RAI",
        "ElementSpacing": numbers(SPACING),
        "DimSize": " ".join(map(str, data.shape)),
        "ElementType": TYPES[data.dtype.name],
    }
    lines.update(fields)
    lines["ElementDataFile"] = lines.pop("ElementDataFile", "LOCAL")
    return "".join(f"{k} = {v}\n" for k, v in lines.items() if v is not None).encode()


def encode(data, order="<"):
    return data.astype(data.dtype.newbyteorder(order)).tobytes("F")


def affine(q, origin):
    lps = np.eye(4)
    lps[:3, :3], lps[:3, 3] = q @ np.diag(SPACING), origin
    return ras(lps)


def sound(name, data, expect="exact", detached=False, big=False, packed=False, q=None, **fields):
    q, origin = rotation() if q is None else q, rng.normal(0, 100, 3)
    body = encode(data, ">" if big else "<")
    if big:
        fields["BinaryDataByteOrderMSB"] = "True"
    if packed:
        body = zlib.compress(body)
        fields.update(CompressedData="True", CompressedDataSize=len(body))
    if detached:
        part = f"{name}.{'zraw' if packed else 'raw'}"
        (OUT / part).write_bytes(body)
        fields["ElementDataFile"] = part
        body = b""
    file = f"{name}.{'mhd' if detached else 'mha'}"
    (OUT / file).write_bytes(header(data, q, origin, **fields) + body)
    case = exact(file, data, affine(q, origin), tolerance=1e-9)
    cases.append({**case, "expect": expect})


def bad(name, *words, data=None, body=None, suffix="mha", q=np.eye(3), origin=(0, 0, 0), **fields):
    data = voxels("int16") if data is None else data
    body = encode(data) if body is None else body
    (OUT / f"{name}.{suffix}").write_bytes(header(data, q, origin, **fields) + body)
    cases.append(refused(f"{name}.{suffix}", *words))


def sound_files():
    for dtype in TYPES:
        for big in (False, True):
            sound(f"{dtype}-{'big' if big else 'little'}", voxels(dtype), big=big)
    sound("packed", voxels("int16"), packed=True)
    sound("packed-big", voxels("uint16"), packed=True, big=True)
    sound("detached", voxels("int16"), detached=True)
    sound("detached-packed", voxels("float32"), detached=True, packed=True)
    sound("axial", voxels("int16"), q=np.eye(3))
    sound("left-handed", voxels("int16"), q=np.diag([1.0, 1.0, -1.0]))
    sound("no-orientation", voxels("int16"), AnatomicalOrientation=None, CenterOfRotation=None)
    bad_size = {"CompressedData": "True", "CompressedDataSize": 20}
    data = voxels("int16")
    bad("bad-packed-size", "CompressedDataSize", "compress", data=data, body=zlib.compress(encode(data)), **bad_size)
    sound("packed-no-size", voxels("int16"), "exact or refused", packed=True)
    path = OUT / "packed-no-size.mha"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(l for l in lines if not l.startswith(b"CompressedDataSize")))


def broken_files():
    data = voxels("int16")
    raw, packed = encode(data), zlib.compress(encode(data))
    zipped = {"CompressedData": "True", "CompressedDataSize": len(packed)}
    bad("bad-truncated", "truncated", "bytes", data=data, body=raw[:-1])
    bad("bad-no-data", "truncated", "bytes", data=data, body=b"")
    bad("bad-sizes", "truncated", "bytes", data=data, DimSize="5 4 4")
    bad("bad-sizes-huge", "truncated", "bytes", "voxels", "DimSize", data=data, DimSize="2000000000 2000000000 2000000000")
    bad("bad-sizes-zero", "DimSize", "ize", data=data, DimSize="5 0 3")
    bad("bad-sizes-negative", "DimSize", "ize", data=data, DimSize="5 -4 -3")
    bad("bad-sizes-count", "DimSize", "ize", data=data, DimSize="5 12")
    adler = bytearray(packed)
    adler[-1] ^= 0xFF
    words = ("ompressed", "zlib", "damaged")
    bad("bad-packed-checksum", *words, data=data, body=bytes(adler), **zipped)
    cut = packed[:-3]
    bad("bad-packed-cut", *words, "truncated", data=data, body=cut, **{**zipped, "CompressedDataSize": len(cut)})
    half = packed[: len(packed) // 2]
    bad("bad-packed-half", *words, "truncated", data=data, body=half, **zipped)
    short = zlib.compress(raw[:-2])
    bad("bad-packed-short", *words, "truncated", data=data, body=short, **{**zipped, "CompressedDataSize": len(short)})
    bad("bad-outside", "outside", "folder", data=data, body=b"", suffix="mhd", ElementDataFile="../dicom/explicit-le/0.dcm")
    bad("bad-absolute", "outside", "folder", "absolute", data=data, body=b"", suffix="mhd", ElementDataFile="/etc/hostname")
    bad("bad-data-gone", "no such", "missing", "not found", data=data, body=b"", suffix="mhd", ElementDataFile="gone.raw")
    # MetaIO takes a colon for the equals sign, which a checker of the header must know.
    bad("bad-colon", "HeaderSize", "eader", data=data, body=raw, **{"HeaderSize : 40\nComment": "none"})
    empty = {"Comment": "", "BinaryDataByteOrderMSB": None}
    bad("bad-empty-value", "line", data=data, body=raw, **empty)
    bad("bad-other-case", "case", data=data, body=raw, HeaderSize=None, **{"headersize": 0})
    bad("bad-flag", "True or False", data=data, body=raw, BinaryDataByteOrderMSB="yes")
    bad("bad-spacing-count", "3 numbers", data=data, body=raw, ElementSpacing="0.7 0.9 2.5 1")
    bad("bad-matrix-count", "9 numbers", data=data, body=raw, TransformMatrix="1 0 0 0 1 0 0 0")
    bad("bad-offset-text", "finite numbers", data=data, body=raw, Offset="0 0x10 0")
    bad("bad-long-name", "impossible name", data=data, body=b"", suffix="mhd", ElementDataFile="x" * 3000)
    bad("bad-header-size", "HeaderSize", data=data, body=raw, HeaderSize=40)
    bad("bad-twice", "twice", data=data, body=raw, **{"DimSize ": "5 4 3"})
    bad("bad-list", "several files", data=data, body=b"axial.mha\naxial.mha\n", suffix="mhd", ElementDataFile="LIST")
    bad("bad-pattern", "several files", data=data, body=b"", suffix="mhd", ElementDataFile="slice%d.raw 1 3 1")
    bad("bad-vector", "one value per voxel", data=np.repeat(data, 3, axis=0), DimSize="5 4 3", ElementNumberOfChannels=3)
    bad("bad-4d", "3 dimensions", data=voxels("int16", (5, 4, 3, 2)), TransformMatrix=numbers(np.eye(4).ravel()), Offset="0 0 0 0", ElementSpacing="1 1 1 1", CenterOfRotation="0 0 0 0")
    bad("bad-2d", "3 dimensions", data=voxels("int16", (5, 4)), TransformMatrix="1 0 0 1", Offset="0 0", ElementSpacing="1 1", CenterOfRotation="0 0")
    bad("bad-nan-direction", "TransformMatrix", "finite", "header", TransformMatrix="NaN 0 0 0 1 0 0 0 1")
    bad("bad-inf-offset", "Offset", "finite", "header", Offset="inf 0 0")
    bad("bad-singular", "invertible", "TransformMatrix", "irection", TransformMatrix="1 0 0 1 0 0 0 0 1")
    bad("bad-zero-matrix", "invertible", "TransformMatrix", "irection", TransformMatrix="0 0 0 0 0 0 0 0 0")
    bad("bad-zero-spacing", "pacing", ElementSpacing="0 1 1")
    bad("bad-nan-spacing", "pacing", ElementSpacing="nan 1 1")
    bad("bad-negative-spacing", "pacing", ElementSpacing="-1 1 1")
    bad("bad-type", "voxel type", ElementType="MET_ASCII_CHAR_NOT")
    bad("bad-array-type", "voxel type", ElementType="MET_SHORT_ARRAY")
    bad("bad-object", "ObjectType", ObjectType="Scene")
    for name, content in {"text": b"hello, this is no volume\n", "empty": b""}.items():
        (OUT / f"bad-{name}.mha").write_bytes(content)
        cases.append(refused(f"bad-{name}.mha", "MetaImage", "elementtype"))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    sound_files()
    broken_files()
    write(OUT, cases)


main()
