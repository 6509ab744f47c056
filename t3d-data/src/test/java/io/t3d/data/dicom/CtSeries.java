package io.t3d.data.dicom;

import io.t3d.data.itk.DicomFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small CT series of a made-up patient, with all that PACS want. */
public final class CtSeries {
  public static final String STUDY = "1.2.826.0.1.3680043.8.498.7001";
  public static final String SERIES = STUDY + ".1";

  private CtSeries() {}

  /** Writes slices of 5 x 7 voxels (35 bits: no multiple of a byte), 2.5 mm apart. */
  public static Path write(Path folder, int slices) throws IOException {
    return write(folder, slices, 5, 7);
  }

  /** Writes slices of any size. */
  public static Path write(Path folder, int slices, int rows, int columns) throws IOException {
    Files.createDirectories(folder);
    for (int z = 0; z < slices; z++) {
      // Names against the order in space.
      slice(z, rows, columns).write(folder.resolve("ct" + (slices - z) + ".dcm"));
    }
    return folder;
  }

  /** One slice. */
  public static DicomFile slice(int z, int rows, int columns) {
    short[] voxels = new short[rows * columns];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (short) (900 + 13 * z + 7 * (i % columns) + 3 * (i / columns));
    }
    return DicomFile.slice(-100 + 2.5 * z, 0)
        .text(0x00080005, "CS", "ISO_IR 100")
        .text(0x00080018, "UI", SERIES + "." + (z + 1))
        .text(0x00080020, "DA", "20260102")
        .text(0x00080030, "TM", "101500")
        .text(0x00080050, "SH", "ACC7")
        .text(0x00080090, "PN", "")
        .text(0x00100030, "DA", "19500103")
        .text(0x00100040, "CS", "F")
        .text(0x0020000d, "UI", STUDY)
        .text(0x0020000e, "UI", SERIES)
        .text(0x00200010, "SH", "5")
        .text(0x00200013, "IS", Integer.toString(z + 1))
        .text(0x00200052, "UI", STUDY + ".9")
        .number(0x00280010, rows)
        .number(0x00280011, columns)
        .voxels(voxels);
  }
}
