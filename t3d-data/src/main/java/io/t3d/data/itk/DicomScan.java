package io.t3d.data.itk;

import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.internal.worker.Message;
import io.t3d.data.itk.internal.worker.WorkerPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the headers of DICOM files through a worker. */
final class DicomScan {
  private static final int NOT_DICOM = 0;
  private static final int NO_IMAGE = 1;
  private static final int IMAGE = 2;

  /** Files that lie beside DICOM on a disc. */
  private static final Set<String> BYSTANDERS =
      Set.of("dicomdir", "readme", "license", "licence", "version", "autorun", "changelog");

  /** An ending of letters, as of readme.txt; UIDs and numbers end otherwise. */
  private static final Pattern OTHER_ENDING =
      Pattern.compile("\\.(?!dcm$|dicom$|dic$|ima$|img$)[a-z][a-z0-9_]{0,7}$");

  private DicomScan() {}

  /**
   * The images of a folder, itself without its subfolders.
   *
   * @throws VolumeFormatException when a file that should be an image is damaged
   */
  static List<DicomImage> folder(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.filter(Files::isRegularFile).filter(f -> !isHidden(f)).sorted().toList();
    }
    List<DicomImage> images = scan(files, true);
    if (images.isEmpty()) {
      throw new VolumeFormatException(
          folder,
          "the folder holds no DICOM image; it is searched without its subfolders: name the one"
              + " with the series");
    }
    return images;
  }

  /** The images of files, each of which must be one. */
  static List<DicomImage> files(List<Path> files) throws IOException {
    return scan(files, false);
  }

  private static List<DicomImage> scan(List<Path> files, boolean othersAllowed) throws IOException {
    if (files.isEmpty()) {
      return List.of();
    }
    Message request = new Message(Message.Operation.DICOM_SCAN).u32(files.size());
    for (Path file : files) {
      request.text(file.toAbsolutePath().toString());
    }
    return WorkerPool.shared().ask(request, files, 0, answer -> take(files, answer, othersAllowed));
  }

  private static List<DicomImage> take(List<Path> files, ByteBuffer answer, boolean othersAllowed)
      throws IOException {
    List<DicomImage> images = new ArrayList<>();
    for (Path file : files) {
      int size = answer.getInt();
      ByteBuffer record = answer.slice(answer.position(), size).order(ByteOrder.LITTLE_ENDIAN);
      answer.position(answer.position() + size);
      take(file, record, othersAllowed, images);
    }
    return images;
  }

  private static void take(
      Path file, ByteBuffer record, boolean othersAllowed, List<DicomImage> images)
      throws IOException {
    switch (record.get()) {
      case IMAGE -> images.add(DicomImage.from(file, record));
      case NOT_DICOM -> {
        if (!othersAllowed || !isBystander(file)) {
          throw new VolumeFormatException(
              file,
              "it is no DICOM file, or a damaged one; remove it from the folder, or copy it again");
        }
      }
      case NO_IMAGE -> {
        if (!othersAllowed) {
          throw new VolumeFormatException(file, "it is a DICOM file without an image");
        }
      }
      default -> throw new VolumeFormatException(file, Message.text(record));
    }
  }

  private static boolean isHidden(Path file) {
    return file.getFileName().toString().startsWith(".");
  }

  private static boolean isBystander(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return BYSTANDERS.contains(name) || OTHER_ENDING.matcher(name).find();
  }
}
