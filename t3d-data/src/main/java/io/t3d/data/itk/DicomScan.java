package io.t3d.data.itk;

import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.internal.worker.Message;
import io.t3d.data.itk.internal.worker.WorkerPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads the headers of DICOM files through a worker. */
final class DicomScan {
  private static final int NOT_DICOM = 0;
  private static final int NO_IMAGE = 1;
  private static final int IMAGE = 2;

  private DicomScan() {}

  /** What a file is. */
  sealed interface Found {
    /** The file. */
    Path file();
  }

  /** A DICOM image. */
  record Slice(Path file, DicomImage image) implements Found {}

  /** DICOM without an image, such as a report. */
  record NoImage(Path file) implements Found {}

  /** No DICOM, or so damaged that it does not show. */
  record NoDicom(Path file) implements Found {}

  /**
   * DICOM that cannot be read.
   *
   * @param reason why not
   */
  record Damaged(Path file, String reason) implements Found {}

  /** The images of files, each of which must be one. */
  static List<DicomImage> files(List<Path> files) throws IOException {
    List<DicomImage> images = new ArrayList<>();
    for (Found found : scan(files)) {
      if (found instanceof Slice slice) {
        images.add(slice.image());
      } else if (found instanceof Damaged damaged) {
        throw new VolumeFormatException(damaged.file(), damaged.reason());
      } else if (found instanceof NoImage) {
        throw new VolumeFormatException(found.file(), "it is a DICOM file without an image");
      } else {
        throw DicomFolder.noDicom(found.file());
      }
    }
    return images;
  }

  /** What each of the files is, in their order. */
  static List<Found> scan(List<Path> files) throws IOException {
    if (files.isEmpty()) {
      return List.of();
    }
    Message request = new Message(Message.Operation.DICOM_SCAN).u32(files.size());
    for (Path file : files) {
      request.text(file.toAbsolutePath().toString());
    }
    return WorkerPool.shared().ask(request, files, 0, answer -> take(files, answer));
  }

  private static List<Found> take(List<Path> files, ByteBuffer answer) {
    List<Found> found = new ArrayList<>();
    for (Path file : files) {
      int size = answer.getInt();
      ByteBuffer record = answer.slice(answer.position(), size).order(ByteOrder.LITTLE_ENDIAN);
      answer.position(answer.position() + size);
      found.add(
          switch (record.get()) {
            case IMAGE -> new Slice(file, DicomImage.from(file, record));
            case NOT_DICOM -> new NoDicom(file);
            case NO_IMAGE -> new NoImage(file);
            default -> new Damaged(file, Message.text(record));
          });
    }
    return found;
  }
}
