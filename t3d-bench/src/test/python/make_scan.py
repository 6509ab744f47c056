"""Makes a CT-like scan, 512 x 512 x 150 of 0.7 x 0.7 x 2 mm in int16: a chest with the correlated
noise of a soft kernel, so that it packs as a real scan does (to about 55 %).

python3 make_scan.py nii.gz|nii|dicom PATH
"""

import pathlib
import sys

import numpy as np
from scipy import ndimage

SIZE, SLICES = 512, 150
PIXEL, STEP = 0.7, 2.0


def ellipse(cx, cy, rx, ry):
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1


def chest():
    """Hounsfield units (z, y, x)."""
    body = np.full((SIZE, SIZE), -1000.0)
    body[ellipse(256, 256, 210, 150)] = 40
    body[ellipse(160, 250, 80, 105) | ellipse(352, 250, 80, 105)] = -850
    body[ellipse(256, 370, 28, 25)] = 400
    body = ndimage.gaussian_filter(body, 0.8)
    rng = np.random.default_rng(1)
    scan = np.empty((SLICES, SIZE, SIZE), np.int16)
    for z in range(SLICES):
        noise = ndimage.gaussian_filter(rng.normal(size=body.shape), 0.7)
        scan[z] = np.clip(np.rint(body + 25 / noise.std() * noise), -1024, 3071)
    return scan


def write_nifti(path, scan):
    import nibabel as nib

    affine = np.diag([-PIXEL, -PIXEL, STEP, 1])
    affine[:3, 3] = (179, 179, -150)
    nib.save(nib.Nifti1Image(scan.transpose(2, 1, 0), affine), path)


def write_dicom(folder, scan):
    import pydicom
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    folder.mkdir(parents=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for z, pixels in enumerate(scan):
        ds = pydicom.Dataset()
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.Modality, ds.PatientName, ds.PatientID = "CT", "PHANTOM", "PHANTOM"
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient = [-179, -179, -150 + STEP * z]
        ds.PixelSpacing, ds.SliceThickness = [PIXEL, PIXEL], STEP
        ds.InstanceNumber = z + 1
        ds.Rows = ds.Columns = SIZE
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, -1024, "HU"
        ds.PixelData = (pixels + 1024).astype("<i2").tobytes()
        ds.save_as(folder / f"{z:04}.dcm", enforce_file_format=True)


if __name__ == "__main__":
    kind, path = sys.argv[1], pathlib.Path(sys.argv[2])
    (write_dicom if kind == "dicom" else write_nifti)(path, chest())
