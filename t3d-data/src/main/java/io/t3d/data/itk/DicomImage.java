package io.t3d.data.itk;

import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.internal.check.RawType;
import io.t3d.data.itk.internal.worker.Message;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The header of one DICOM file that holds an image, without anything of the patient. */
record DicomImage(
    Path file,
    String series,
    String modality,
    String photometric,
    String sopClass,
    String sopInstance,
    String frameOfReference,
    boolean mosaic,
    int seriesNumber,
    int acquisition,
    int rows,
    int columns,
    int samples,
    int bitsAllocated,
    int bitsStored,
    int highBit,
    boolean signed,
    boolean lookupTable,
    double sliceSpacing,
    int frameCount,
    List<DicomFrame> frames) {

  /** How the UIDs of storage classes begin. */
  private static final String STORAGE = "1.2.840.10008.5.1.4.1.1.";

  /** What a code of DICOM looks like: anything else in its place may be a name. */
  private static final Pattern CODE = Pattern.compile("[A-Z0-9_ ]{1,16}");

  static DicomImage from(Path file, ByteBuffer in) {
    String series = Message.text(in);
    String modality = code(in);
    String photometric = code(in);
    String sopClass = Message.text(in);
    String sopInstance = Message.text(in);
    String frameOfReference = Message.text(in);
    boolean mosaic = in.get() != 0;
    int number = in.getInt();
    int acquisition = in.getInt();
    int rows = in.getInt();
    int columns = in.getInt();
    int samples = in.getInt();
    int allocated = in.getInt();
    int stored = orElse(in.getInt(), allocated);
    int highBit = orElse(in.getInt(), stored - 1);
    boolean signed = in.getInt() == 1;
    boolean table = in.get() != 0;
    double sliceSpacing = in.getDouble();
    int count = in.getInt();
    int placed = in.getInt();
    List<DicomFrame> frames = new ArrayList<>(placed);
    for (int i = 0; i < placed; i++) {
      frames.add(DicomFrame.from(in));
    }
    return new DicomImage(
        file,
        series,
        modality,
        photometric,
        sopClass,
        sopInstance,
        frameOfReference,
        mosaic,
        number,
        acquisition,
        rows,
        columns,
        samples,
        allocated,
        stored,
        highBit,
        signed,
        table,
        sliceSpacing,
        count,
        frames);
  }

  private static String code(ByteBuffer in) {
    String text = Message.text(in);
    return CODE.matcher(text).matches() ? text : "";
  }

  private static int orElse(int value, int missing) {
    return value == -1 ? missing : value;
  }

  RawType type() {
    return RawType.ofBits(bitsAllocated, signed);
  }

  RawType.Bits bits() {
    return new RawType.Bits(highBit + 1 - bitsStored, bitsStored);
  }

  /** Refuses what is not one grey value per voxel, or cannot be placed in space. */
  void check() throws VolumeFormatException {
    checkKind();
    if (samples != 1 || !photometric.matches("MONOCHROME[12]")) {
      throw bad(
          "a volume has one grey value per voxel, this image is "
              + (photometric.isEmpty() ? "of unknown kind" : photometric)
              + " with "
              + samples
              + " samples per pixel; colour and derived images cannot be read");
    }
    if (bitsAllocated != 8 && bitsAllocated != 16 && bitsAllocated != 32) {
      throw bad("Bits Allocated must be 8, 16 or 32, got " + bitsAllocated);
    }
    if (bitsStored < 1 || bitsStored > highBit + 1 || highBit >= bitsAllocated) {
      throw bad(
          "Bits Stored "
              + bitsStored
              + " and High Bit "
              + highBit
              + " do not fit Bits Allocated "
              + bitsAllocated
              + "; the header is damaged");
    }
    if (lookupTable) {
      throw bad("its values go through a Modality LUT Sequence, which is not supported");
    }
    if (frames.isEmpty()) {
      throw bad(
          "it holds "
              + frameCount
              + " frames without the place of each (Per-frame Functional Groups Sequence);"
              + " convert it to an enhanced or a single-frame series");
    }
    for (DicomFrame frame : frames) {
      check(frame);
    }
  }

  /** Refuses what holds grey values, but not those of slices of a scan. */
  private void checkKind() throws VolumeFormatException {
    if (mosaic) {
      throw bad(
          "it is a Siemens mosaic: many slices as tiles of one image; convert the series with"
              + " dcm2niix and give the NIfTI file");
    }
    if (sopClass.startsWith(STORAGE + "481.2") || modality.equals("RTDOSE")) {
      throw bad("it is an RT Dose, a map of radiation dose and no scan; give the CT's folder");
    }
    if (sopClass.equals(STORAGE + "66.4") || modality.equals("SEG")) {
      throw bad("it is a DICOM segmentation and no scan; give the CT's folder");
    }
    if (sopClass.equals(STORAGE + "481.1") || modality.equals("RTIMAGE")) {
      throw bad("it is an RT Image, a projection and no slice; give the CT's folder");
    }
  }

  private void check(DicomFrame frame) throws VolumeFormatException {
    requireFinite(frame.position(), "Image Position (Patient)");
    requireFinite(frame.orientation(), "Image Orientation (Patient)");
    requireFinite(frame.spacing(), "Pixel Spacing");
    if (!(frame.spacing()[0] > 0 && frame.spacing()[1] > 0)) {
      throw bad(
          "Pixel Spacing must be > 0 mm, got " + frame.spacing()[0] + " and " + frame.spacing()[1]);
    }
    if (frame.hasEmptyScale()) {
      throw bad(
          "its Rescale Slope or Intercept is empty, so the values cannot be brought to HU; export"
              + " the series again, or write the values into the header");
    }
    if (!(Math.abs(frame.scale().slope()) > 0)
        || !Double.isFinite(frame.scale().slope())
        || !Double.isFinite(frame.scale().intercept())) {
      throw bad(
          "Rescale Slope and Intercept must be finite and the slope not 0, got "
              + frame.scale().slope()
              + " and "
              + frame.scale().intercept());
    }
  }

  private void requireFinite(double[] values, String tag) throws VolumeFormatException {
    for (double v : values) {
      if (!Double.isFinite(v)) {
        throw bad(
            tag
                + " is missing or not a number, so the image has no place in the patient;"
                + " secondary captures and scanned films cannot be read");
      }
    }
  }

  private VolumeFormatException bad(String problem) {
    return new VolumeFormatException(file, problem);
  }
}
