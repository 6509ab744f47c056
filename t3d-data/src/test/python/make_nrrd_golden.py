"""Writes tiny NRRD files, sound and broken, with what their header and bytes say.

The reference is numpy alone: no NRRD library is involved.
Run from t3d-data: python3 src/test/python/make_nrrd_golden.py
"""

import gzip
import pathlib
import shutil
import zlib

import numpy as np

from golden import exact, ras, refused, write

OUT = pathlib.Path(__file__).parents[1] / "resources/golden/nrrd"
SIZE = (5, 4, 3)
TYPES = {
    "int8": "signed char",
    "uint8": "uchar",
    "int16": "short",
    "uint16": "ushort",
    "int32": "int",
    "uint32": "unsigned int",
    "int64": "longlong",
    "uint64": "uint64",
    "float32": "float",
    "float64": "double",
}
rng = np.random.default_rng(23)
cases = []


def voxels(dtype, size=SIZE):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 500, size).astype(dtype)
    info = np.iinfo(dtype)
    data = rng.integers(info.min, info.max, size, dtype=dtype, endpoint=True)
    data.flat[0], data.flat[1] = info.min, info.max
    return data


def directions(oblique=False):
    q = np.eye(3)
    if oblique:
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q @ np.diag([0.7, 0.9, 2.5])


def vector(v):
    return "(" + ",".join(repr(float(x)) for x in v) + ")"


def header(data, matrix, origin, **fields):
    lines = {
        "type": TYPES[data.dtype.name],
        "dimension": data.ndim,
        "space": "left-posterior-superior",
        "sizes": " ".join(map(str, data.shape)),
        "space directions": " ".join(vector(c) for c in matrix.T),
        "kinds": "domain domain domain",
        "endian": "little",
        "encoding": "raw",
        "space origin": vector(origin),
    }
    lines.update({k.replace("_", " "): v for k, v in fields.items()})
    text = "".join(f"{k}: {v}\n" for k, v in lines.items() if v is not None)
    return ("NRRD0004\n# synthetic\n" + text).encode()


def encode(data, encoding="raw", endian="little"):
    raw = data.astype(data.dtype.newbyteorder("<" if endian == "little" else ">")).tobytes("F")
    if encoding in ("gzip", "gz"):
        return gzip.compress(raw, mtime=0)
    if encoding == "hex":
        return raw.hex().encode()
    if encoding in ("ascii", "text"):
        return " ".join(repr(v) for v in data.ravel("F").tolist()).encode() + b"\n"
    return raw


def affine(matrix, origin, space="left-posterior-superior"):
    lps = np.eye(4)
    lps[:3, :3], lps[:3, 3] = matrix, origin
    signs = {
        "left-posterior-superior": [-1, -1, 1],
        "LPS": [-1, -1, 1],
        "right-anterior-superior": [1, 1, 1],
        "RAS": [1, 1, 1],
        "left-anterior-superior": [-1, 1, 1],
        "LAS": [-1, 1, 1],
    }[space]
    return np.diag([*signs, 1.0]) @ lps


def sound(name, data, expect="exact", detached=False, oblique=True, prefix=b"", **fields):
    encoding, endian = fields.get("encoding", "raw"), fields.get("endian", "little")
    space = fields.get("space", "left-posterior-superior")
    matrix, origin = directions(oblique), rng.normal(0, 100, 3)
    body = prefix + encode(data, encoding, endian)
    if detached:
        (OUT / f"{name}.raw").write_bytes(body)
        text = header(data, matrix, origin, **fields, data_file=f"{name}.raw")
        file = f"{name}.nhdr"
        (OUT / file).write_bytes(text)
    else:
        file = f"{name}.nrrd"
        (OUT / file).write_bytes(header(data, matrix, origin, **fields) + b"\n" + body)
    case = exact(file, data, affine(matrix, origin, space), tolerance=1e-9)
    cases.append({**case, "expect": expect})
    return OUT / file


def bad(name, *words, data=None, body=None, detached=None, matrix=None, origin=(0, 0, 0), **fields):
    data = voxels("int16") if data is None else data
    matrix = directions() if matrix is None else matrix
    body = encode(data, fields.get("encoding", "raw")) if body is None else body
    suffix, end = ("nhdr", f"data file: {detached}\n".encode()) if detached else ("nrrd", b"\n" + body)
    (OUT / f"{name}.{suffix}").write_bytes(header(data, matrix, origin, **fields) + end)
    cases.append(refused(f"{name}.{suffix}", *words))


def sound_files():
    for dtype in TYPES:
        for endian in ("little", "big"):
            sound(f"{dtype}-{endian}", voxels(dtype), endian=endian)
    sound("gzip", voxels("int16"), encoding="gzip")
    sound("gz-big", voxels("uint16"), encoding="gz", endian="big")
    sound("text", voxels("int16"), encoding="ascii", expect="exact or refused")
    sound("hex", voxels("int16"), encoding="hex", expect="exact or refused")
    sound("detached", voxels("int16"), detached=True)
    sound("detached-gzip", voxels("float32"), detached=True, encoding="gzip")
    sound("byte-skip", voxels("int16"), "exact or refused", True, prefix=b"?" * 13, byte_skip=13)
    sound("byte-skip-end", voxels("int16"), "exact or refused", True, prefix=b"?" * 7, byte_skip=-1)
    for space in ("RAS", "LPS", "LAS", "right-anterior-superior", "left-anterior-superior"):
        # ITK 5.2 flips the wrong axis for LAS, so a reader that stands on it may refuse.
        expect = "exact or refused" if space.lower()[0] == "l" and "a" in space.lower()[1:6] else "exact"
        sound(f"space-{space}", voxels("int16"), expect, space=space)
    sound("axial", voxels("int16"), oblique=False)
    path = sound("crlf", voxels("int16"), "exact or refused")
    head, body = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes((head + b"\n\n").replace(b"\n", b"\r\n") + body)
    packed_twice()
    no_space()
    # Slices stored from the top down: a left-handed frame, which must stay one.
    data, origin = voxels("int16"), (1.5, 2.5, 3.5)
    matrix = directions() @ np.diag([1, 1, -1])
    (OUT / "left-handed.nrrd").write_bytes(header(data, matrix, origin) + b"\n" + encode(data))
    cases.append(exact("left-handed.nrrd", data, affine(matrix, origin), tolerance=1e-9))


def packed_twice():
    """A gzip may have several members, one after the other."""
    data, matrix, origin = voxels("int16"), directions(), (1.0, 2.0, 3.0)
    raw = encode(data)
    body = gzip.compress(raw[:50], mtime=0) + gzip.compress(raw[50:], mtime=0)
    (OUT / "gzip-members.nrrd").write_bytes(header(data, matrix, origin, encoding="gzip") + b"\n" + body)
    case = exact("gzip-members.nrrd", data, affine(matrix, origin), tolerance=1e-9)
    cases.append({**case, "expect": "exact or refused"})


def no_space():
    """Spacings without a space: axes are taken for those of the patient, or nothing is."""
    data = voxels("int16")
    head = header(data, np.eye(3), (0, 0, 0), space=None, space_directions=None, space_origin=None)
    (OUT / "no-space.nrrd").write_bytes(head + b"spacings: 0.7 0.9 2.5\n\n" + encode(data))
    case = exact("no-space.nrrd", data, affine(np.diag([0.7, 0.9, 2.5]), (0, 0, 0)), tolerance=1e-9)
    cases.append({**case, "expect": "exact or refused"})
    for name, spacings in {"nan": "nan nan nan", "zero": "0 1 1", "negative": "-1 1 1"}.items():
        file = f"bad-spacings-{name}.nrrd"
        (OUT / file).write_bytes(head + f"spacings: {spacings}\n\n".encode() + encode(data))
        cases.append(refused(file, "pacing"))


def broken_files():
    data = voxels("int16")
    raw, packed = encode(data), encode(data, "gzip")
    bad("bad-truncated", "truncated", "bytes", data=data, body=raw[:-1])
    bad("bad-no-data", "truncated", "bytes", data=data, body=b"")
    bad("bad-sizes", "truncated", "bytes", data=data, sizes="5 4 4")
    bad("bad-sizes-huge", "truncated", "bytes", "voxels", data=data, sizes="2000000000 2000000000 2000000000")
    bad("bad-sizes-zero", "ize", data=data, sizes="5 0 3")
    bad("bad-sizes-negative", "ize", data=data, sizes="5 -4 -3")
    bad("bad-sizes-count", "ize", data=data, sizes="5 12")
    crc = bytearray(packed)
    crc[-5] ^= 0xFF
    bad("bad-gzip-crc", "gzip", data=data, body=bytes(crc), encoding="gzip")
    bad("bad-gzip-cut", "gzip", data=data, body=packed[:-3], encoding="gzip")
    bad("bad-gzip-half", "gzip", data=data, body=packed[: len(packed) // 2], encoding="gzip")
    # Longer than what it packs, so a reader that takes it for raw bytes finds enough of them.
    zipped = zlib.compress(raw)
    assert len(zipped) > len(raw)
    bad("bad-gzip-is-zlib", "gzip", "compressed", data=data, body=zipped, encoding="gzip")
    bad("bad-gzip-is-raw", "gzip", "compressed", data=data, body=raw, encoding="gzip")
    bad("bad-gzip-short", "truncated", "bytes", data=data, body=gzip.compress(raw[:-2], mtime=0), encoding="gzip")
    bad("bad-outside", "outside", "folder", data=data, detached="../dicom/explicit-le/0.dcm")
    bad("bad-absolute", "outside", "folder", "absolute", data=data, detached="/etc/hostname")
    bad("bad-data-gone", "no such", "missing", "not found", data=data, detached="gone.raw")
    bad("bad-vector", "vector", "kind", "3-D", "domain", data=voxels("uint8", (3, 5, 4, 3)), kinds="vector domain domain domain", space_directions="none (1,0,0) (0,1,0) (0,0,1)")
    bad("bad-4d", "4-D", "3-D", "dimension", data=voxels("int16", (5, 4, 3, 2)), kinds="domain domain domain list", space_directions="(1,0,0) (0,1,0) (0,0,1) none")
    bad("bad-2d", "2-D", "3-D", "dimension", data=voxels("int16", (5, 4)), kinds=None, space_directions="(1,0,0) (0,1,0)")
    bad("bad-nan-direction", "irection", "finite", "NaN", "number", space_directions="(NaN,0,0) (0,1,0) (0,0,1)")
    bad("bad-inf-origin", "origin", "finite", "number", space_origin="(inf,0,0)")
    bad("bad-singular", "invertible", "irection", space_directions="(1,0,0) (1,0,0) (0,0,1)")
    bad("bad-zero-direction", "invertible", "irection", "length", space_directions="(0,0,0) (0,1,0) (0,0,1)")
    bad("bad-type", "type", type="complex")
    bad("bad-block", "type", "block", type="block", block_size=2)
    bad("bad-encoding", "ncoding", encoding="zstd")
    bad("bad-bzip2", "ncoding", "bzip2", encoding="bzip2")
    bad("bad-endian", "ndian", endian="middle")
    bad("bad-no-endian", "ndian", endian=None)
    for name, content in {"magic": b"NRRX0004\n", "empty": b"", "only-magic": b"NRRD0004\n"}.items():
        (OUT / f"bad-{name}.nrrd").write_bytes(content)
        cases.append(refused(f"bad-{name}.nrrd", "NRRD", "nrrd"))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    sound_files()
    broken_files()
    write(OUT, cases)


main()
