"""Writes tiny synthetic DICOM series, sound and broken, with what pydicom reads.

Needs pydicom, and the programs of dcmtk and libgdcm-tools for the JPEG family.
Run from t3d-data: python3 src/test/python/make_dicom_golden.py
"""

import pathlib
import shutil
import subprocess

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

import dicom_referee
from golden import exact, refused, write

OUT = pathlib.Path(__file__).parents[1] / "resources/golden/dicom"
COLUMNS, ROWS, SLICES = 16, 12, 5
AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
rng = np.random.default_rng(11)
cases = []


def uid(*parts):
    return generate_uid("1.2.826.0.1.3680043.8.498.", [str(p) for p in parts])


def ds_text(values):
    """Decimal strings have at most 16 characters."""
    return [f"{v:.10f}"[:16] for v in values]


def pixels(bits=12, signed=False, rows=ROWS, columns=COLUMNS):
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    return rng.integers(low, high, (rows, columns))


def slice_of(name, z, values, stored=12, allocated=16, signed=False, slope="1", inter="-1024"):
    ds = Dataset()
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = uid(name, "instance", z, values[0, 0])
    ds.Modality = "CT"
    ds.StudyInstanceUID = uid(name, "study")
    ds.SeriesInstanceUID = uid(name, "series")
    ds.FrameOfReferenceUID = uid(name, "frame")
    ds.SliceThickness = "2.5"
    ds.InstanceNumber = z + 1
    ds.ImagePositionPatient = ds_text([-20.5, 10.25, -100 + 2.5 * z])
    ds.ImageOrientationPatient = ds_text(AXIAL)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape
    ds.PixelSpacing = ["0.75", "0.5"]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, stored - 1
    ds.PixelRepresentation = int(signed)
    if slope is not None:
        ds.RescaleIntercept, ds.RescaleSlope = inter, slope
    ds.file_meta = FileMetaDataset()
    ds.values = values  # a plain attribute, not an element
    return ds


def series(name, n=SLICES, **kw):
    bits, signed = kw.get("stored", 12), kw.get("signed", False)
    return [slice_of(name, z, pixels(bits, signed), **kw) for z in range(n)]


def save(ds, path, syntax=ExplicitVRLittleEndian):
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    kind = "i" if ds.get("PixelRepresentation") == 1 else "u"
    if "PixelData" not in ds and ds.values is not None:
        raw = ds.values.astype(f"{order}{kind}{ds.BitsAllocated // 8}").tobytes()
        ds.add_new("PixelData", "OB" if ds.BitsAllocated == 8 else "OW", raw)
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == RLELossless:
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(RLELossless, generate_instance_uid=False)
    ds.save_as(path, enforce_file_format=True)


def folder(name):
    (OUT / name).mkdir()
    return OUT / name


def store(name, slices, syntax=ExplicitVRLittleEndian, names=None):
    out = folder(name)
    for i, ds in enumerate(slices):
        save(ds, out / (names[i] if names else f"{i}.dcm"), syntax)
    return out


def sound(name, slices, syntax=ExplicitVRLittleEndian, names=None, convert=None, expect="exact"):
    """Stores a series and notes what the referee reads, which must be what was written."""
    out = store(name, slices, syntax, names)
    if convert:
        for f in sorted(out.iterdir()):
            packed = f.with_suffix(".tmp")
            subprocess.run([*convert, str(f), str(packed)], check=True)
            packed.replace(f)
    voxels, affine = dicom_referee.read(sorted(out.iterdir()))
    cases.append({**exact(name, voxels, affine), "expect": expect})
    return voxels


def encodings():
    for name, syntax in {
        "implicit-le": ImplicitVRLittleEndian,
        "explicit-le": ExplicitVRLittleEndian,
        "explicit-be": ExplicitVRBigEndian,
        "deflated": DeflatedExplicitVRLittleEndian,
        "rle": RLELossless,
    }.items():
        sound(name, series(name), syntax)
    for name, convert in {
        "jpeg-lossless": ["dcmcjpeg", "+e1", "+un"],
        "jpeg-ls": ["dcmcjpls", "+un"],
        "jpeg-2000": ["gdcmconv", "-K"],
    }.items():
        slices = series(name)
        written = np.stack([s.values.T - 1024.0 for s in slices], axis=2)
        assert (sound(name, slices, convert=convert) == written).all(), name
    # Blocks of 8 x 8 equal pixels survive JPEG at quality 100 exactly.
    slices = series("jpeg-baseline", stored=8, allocated=8)
    for ds in slices:
        ds.values = np.kron(rng.integers(0, 256, (2, 2)), np.ones((8, 8), int))[:ROWS]
    written = np.stack([s.values.T - 1024.0 for s in slices], axis=2)
    convert = ["dcmcjpeg", "+eb", "+q", "100", "+un"]
    assert (sound("jpeg-baseline", slices, convert=convert) == written).all()


def pixel_kinds():
    sound("signed-16", series("signed-16", stored=16, signed=True))
    sound("unsigned-16", series("unsigned-16", stored=16))
    sound("signed-12", dirty(series("signed-12", signed=True), clean=True))
    sound("unused-bits", dirty(series("unused-bits", signed=True)))
    sound("unsigned-8", series("unsigned-8", stored=8, allocated=8, slope="2", inter="-50"))
    sound("no-rescale", series("no-rescale", slope=None))
    sound("fraction-slope", series("fraction-slope", slope="0.333333", inter="-1000.5"))
    slices = series("slope-per-slice")
    for z, ds in enumerate(slices):
        ds.RescaleSlope, ds.RescaleIntercept = f"{0.25 + 0.5 * z:.3f}", f"{-10.0 * z:.1f}"
    sound("slope-per-slice", slices)
    slices = series("monochrome1")
    for ds in slices:
        ds.PhotometricInterpretation = "MONOCHROME1"
    sound("monochrome1", slices)


def big_endian_bytes():
    """8-bit pixels with the VR OW lie in 16-bit words, whose bytes change places."""
    name = "explicit-be-8-bit"
    slices = series(name, stored=8, allocated=8)
    for ds in slices:
        words = ds.values.astype(np.uint8).reshape(-1, 2)[:, ::-1]
        ds.add_new("PixelData", "OW", words.tobytes())
    written = np.stack([s.values.T - 1024.0 for s in slices], axis=2)
    assert (sound(name, slices, ExplicitVRBigEndian, expect="exact or refused") == written).all()


def dirty(slices, clean=False):
    """Signed 12-bit pixels whose upper 4 bits are zero, or hold something else."""
    for ds in slices:
        upper = 0 if clean else rng.integers(0, 16, ds.values.shape) << 12
        ds.values = ((ds.values & 0xFFF) | upper).astype(np.uint16).view(np.int16)
    return slices


def geometries():
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q if np.linalg.det(q) > 0 else -q
    slices = series("oblique")
    for z, ds in enumerate(slices):
        ds.ImageOrientationPatient = ds_text([*q[:, 0], *q[:, 1]])
        ds.ImagePositionPatient = ds_text(np.array([5.5, -30.25, 12]) + 3.2 * z * q[:, 2])
    sound("oblique", slices)
    slices = series("coronal")
    for z, ds in enumerate(slices):
        ds.ImageOrientationPatient = ds_text([1, 0, 0, 0, 0, -1])
        ds.ImagePositionPatient = ds_text([-4, 7 + 1.5 * z, 40])
    sound("coronal", slices)
    slices = series("sagittal")
    for z, ds in enumerate(slices):
        ds.ImageOrientationPatient = ds_text([0, 1, 0, 0, 0, -1])
        ds.ImagePositionPatient = ds_text([-40 + 1.5 * z, -4, 40])
    sound("sagittal", slices)
    sound("reversed-names", series("reversed-names"), names=[f"{9 - i}.dcm" for i in range(5)])
    sound("random-names", series("random-names"), names=["q", "IM7", "b.dcm", "A.IMA", "00"])
    slices = series("decreasing")
    for z, ds in enumerate(slices):
        ds.ImagePositionPatient = ds_text([0, 0, 100 - 2.5 * z])
    sound("decreasing", slices)
    slices = series("rounded-positions")  # A scanner's rounding must not look like a missing slice.
    for z, ds in enumerate(slices):
        ds.ImagePositionPatient = ["0", "0", f"{z / 3:.3f}"]
    sound("rounded-positions", slices)


def enhanced(name, order, per_frame_slope=False):
    values = [pixels(12) for _ in range(SLICES)]
    ds = slice_of(name, 0, values[0], slope=None)
    ds.SOPClassUID = EnhancedCTImageStorage
    ds.NumberOfFrames = SLICES
    for word in "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness".split():
        delattr(ds, word)
    measures, plane, shared = Dataset(), Dataset(), Dataset()
    measures.SliceThickness, measures.PixelSpacing = "2.5", ["0.75", "0.5"]
    plane.ImageOrientationPatient = ds_text(AXIAL)
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([plane])
    if not per_frame_slope:
        shared.PixelValueTransformationSequence = Sequence([rescale("2", "-1024")])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    per_frame = []
    for i, z in enumerate(order):
        position, frame = Dataset(), Dataset()
        position.ImagePositionPatient = ds_text([-20.5, 10.25, -100 + 2.5 * z])
        frame.PlanePositionSequence = Sequence([position])
        if per_frame_slope:
            frame.PixelValueTransformationSequence = Sequence([rescale(f"{1 + i}", "-5")])
        per_frame.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Sequence(per_frame)
    ds.PixelData = np.stack(values).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def frames_lie(claimed):
    """A count of frames that is not what the pixel data and the functional groups hold."""
    name = f"enhanced-claims-{claimed or 'none'}"
    ds = enhanced(name, [0, 1, 2, 3, 4])
    ds.NumberOfFrames = claimed
    store(name, [ds])
    cases.append(refused(f"{name}/0.dcm", "rame", "truncated"))


def rescale(slope, inter):
    ds = Dataset()
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = slope, inter, "HU"
    return ds


def multi_frame():
    for name, order, own in [
        ("enhanced", [0, 1, 2, 3, 4], False),
        ("enhanced-decreasing", [4, 3, 2, 1, 0], False),
        ("enhanced-slopes", [0, 1, 2, 3, 4], True),
        ("enhanced-shuffled", [2, 0, 4, 1, 3], False),
    ]:
        out = store(name, [enhanced(name, order, own)])
        voxels, affine = dicom_referee.read([out / "0.dcm"])
        # A reader that cannot order frames or scale each one must refuse.
        hard = name in ("enhanced-slopes", "enhanced-shuffled")
        case = exact(f"{name}/0.dcm", voxels, affine)
        cases.append({**case, "expect": "exact or refused"} if hard else case)
    for claimed in ("4", "6", ""):
        frames_lie(claimed)
    store("enhanced-gap", [enhanced("enhanced-gap", [0, 1, 2, 4, 5])])
    cases.append(refused("enhanced-gap/0.dcm", "spac", "position", "missing", "distance", "gap"))


def broken(name, edit, *words, n=4):
    slices = series(name, n)
    changed = edit(slices)
    store(name, slices if changed is None else changed)
    cases.append(refused(name, *words))


def setter(keyword, value, only=None):
    def edit(slices):
        for ds in slices if only is None else [slices[only]]:
            setattr(ds, keyword, value)

    return edit


def remover(keyword, only=None):
    def edit(slices):
        for ds in slices if only is None else [slices[only]]:
            delattr(ds, keyword)

    return edit


def position(z, xyz):
    return lambda slices: setattr(slices[z], "ImagePositionPatient", ds_text(xyz))


def gantry_tilt():
    """Slices that step sideways too: an affine with shear places them, and nothing less does."""
    slices = series("gantry-tilt")
    for z, ds in enumerate(slices):
        ds.ImagePositionPatient = ds_text([0, 0.6 * z, 2.5 * z])
    sound("gantry-tilt", slices, expect="exact or refused")


def time_points(slices):
    again = series("bad-4d", 4)
    for ds in again:
        ds.AcquisitionNumber = 2
        ds.InstanceNumber += 4
    return slices + again


def far(slices):
    for z, ds in enumerate(slices):
        ds.ImagePositionPatient = ["0", "0", ("-1e308", "-1e300", "1e300", "1e308")[z]]


def patched(name, keyword, old, new, *words):
    """A value that pydicom would not write, of the same length."""
    slices = series(name, 4)
    for ds in slices:
        setattr(ds, keyword, old)
    store(name, slices)
    replace_bytes(name, old.encode(), new.encode())
    cases.append(refused(name, *words))


def rgb(slices):
    for ds in slices:
        ds.SamplesPerPixel, ds.PlanarConfiguration = 3, 0
        ds.PhotometricInterpretation = "RGB"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
        ds.values = np.repeat(ds.values[:, :, None] % 256, 3, axis=2)


def other_size(slices):
    slices[2].Rows, slices[2].Columns = COLUMNS, ROWS
    slices[2].values = slices[2].values.T


def short_pixels(slices):
    """Whole elements, but fewer pixels than rows times columns."""
    slices[1].values = slices[1].values[:-1]
    slices[1].Rows = ROWS


def rows_lie(slices):
    slices[1].Rows = ROWS + 1


def two_frames(slices):
    for ds in slices:
        ds.NumberOfFrames = 2
        ds.values = np.concatenate([ds.values, ds.values])


def truncate(name, keep):
    store(name, series(name, 4))
    path = OUT / name / "2.dcm"
    path.write_bytes(path.read_bytes()[:keep])
    cases.append(refused(name, "2.dcm"))


def patch(name, old, new, *words):
    """Bytes that pydicom would not write."""
    store(name, series(name, 4))
    replace_bytes(name, old, new)
    cases.append(refused(name, *words))


def replace_bytes(name, old, new):
    for path in (OUT / name).iterdir():
        raw = path.read_bytes()
        assert raw.count(old) >= 1 and len(old) == len(new), (name, raw.count(old))
        path.write_bytes(raw.replace(old, new))


def bad():
    broken("bad-duplicate", position(2, [-20.5, 10.25, -97.5]), "position", "duplicate", "spac")
    broken("bad-missing", lambda s: s[:2] + s[3:], "spac", "missing", "gap", "distance", n=5)
    broken("bad-shifted", position(2, [-19.5, 10.25, -95]), "position", "spac", "line", "distance")
    broken("bad-mixed-series", setter("SeriesInstanceUID", uid("other"), 2), "series")
    broken("bad-mixed-size", other_size, "size", "Rows", "rows", "12")
    broken("bad-mixed-spacing", setter("PixelSpacing", ["0.5", "0.5"], 1), "pacing")
    broken("bad-mixed-orientation", setter("ImageOrientationPatient", ds_text([0, 1, 0, 1, 0, 0]), 1), "rientation")
    broken("bad-rgb", rgb, "RGB", "colour", "color", "samples", "components")
    broken("bad-no-position", remover("ImagePositionPatient"), "osition")
    broken("bad-no-position-once", remover("ImagePositionPatient", 1), "osition")
    broken("bad-no-orientation", remover("ImageOrientationPatient"), "rientation")
    broken("bad-no-spacing", remover("PixelSpacing"), "pacing")
    broken("bad-slope-zero", setter("RescaleSlope", "0"), "lope")
    broken("bad-slope-zero-once", setter("RescaleSlope", "0", 2), "lope")
    for value in ("NaN", "inf", "one", ""):
        name = f"bad-slope-{value or 'empty'}"
        patched(name, "RescaleSlope", "1.5 ", value.ljust(4), "lope")
    patched("bad-intercept-text", "RescaleIntercept", "-1024 ", "minus ", "ntercept")
    broken("bad-no-representation", remover("PixelRepresentation"), "Representation")
    broken("bad-representation", setter("PixelRepresentation", 2), "Representation")
    broken("bad-bits-stored", setter("BitsStored", 17), "its Stored")
    broken("bad-high-bit", setter("HighBit", 16), "igh Bit")
    broken("bad-far-positions", far, "osition", "finite", "spac")
    broken("bad-zero-spacing", setter("PixelSpacing", ["0", "0.5"]), "pacing")
    broken("bad-orientation", setter("ImageOrientationPatient", ds_text([1, 0, 0, 1, 0, 0])), "rientation", "invertible", "perpendicular")
    broken("bad-4d", time_points, "position", "duplicate", "4-D", "time")
    broken("bad-two-frames", two_frames, "frame", "4-D")
    broken("bad-short-pixels", short_pixels, "pixel", "bytes", "truncated")
    broken("bad-rows-lie", rows_lie, "ows", "pixel", "bytes", "size", "truncated")
    broken("bad-no-pixels", lambda s: setattr(s[1], "values", None), "ixel")
    patch("bad-nan-spacing", b"0.75\\0.5", b"NaN\\0.50", "pacing", "NaN", "number")
    patch("bad-nan-orientation", b"1.0000000000\\0.", b"NaN000000000\\0.", "rientation", "NaN", "number")
    patch("bad-text-position", b"-20.5000000000\\", b"here is a test\\", "osition", "number")
    truncate("bad-truncated-pixels", -100)
    truncate("bad-truncated-last-byte", -1)
    truncate("bad-truncated-header", 400)
    truncate("bad-empty-slice", 0)
    folder("bad-no-dicom")
    (OUT / "bad-no-dicom/notes.txt").write_text("no scan here\n")
    cases.append(refused("bad-no-dicom", "DICOM"))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    encodings()
    pixel_kinds()
    big_endian_bytes()
    geometries()
    gantry_tilt()
    multi_frame()
    bad()
    write(OUT, cases)


main()
