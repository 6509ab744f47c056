package io.t3d.data.itk;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.internal.check.RawType;
import io.t3d.data.itk.internal.worker.Exchange;
import io.t3d.data.itk.internal.worker.Heap;
import io.t3d.data.itk.internal.worker.Message;
import io.t3d.data.itk.internal.worker.WorkerPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/** Has a worker decode the frames of a series, and scales them into a volume. */
final class DicomVoxels {
  private DicomVoxels() {}

  static Volume read(Path place, DicomGeometry geometry) throws IOException {
    List<DicomGeometry.Placed> frames = geometry.frames();
    DicomImage model = frames.get(0).image();
    long count = (long) frames.size() * model.rows() * model.columns();
    Heap.require(place, count);
    List<DicomImage> files = filesInOrder(frames);
    long bytes = count * model.type().bytes();
    return WorkerPool.shared()
        .askVoxels(
            exchange -> request(exchange, model, files, frames.size()),
            files.stream().map(DicomImage::file).toList(),
            bytes,
            (answer, voxels) -> {
              if (voxels.size() != bytes) {
                throw new VolumeFormatException(
                    place, "the decoder gave " + voxels.size() + " bytes, expected " + bytes);
              }
              float[] out = new float[(int) count];
              convert(frames, firstFrames(files), voxels, out);
              return new Volume(
                  out, frames.size(), model.rows(), model.columns(), geometry.affine());
            });
  }

  private static Message request(
      String exchange, DicomImage model, List<DicomImage> files, int frames) {
    Message message =
        new Message(Message.Operation.DICOM_DECODE)
            .text(exchange)
            .u32(model.rows())
            .u32(model.columns())
            .u32(model.type().bytes())
            .u64(frames)
            .u32(files.size());
    for (DicomImage file : files) {
      message.text(file.file().toAbsolutePath().toString()).u32(file.frameCount());
    }
    return message;
  }

  private static List<DicomImage> filesInOrder(List<DicomGeometry.Placed> frames) {
    IdentityHashMap<DicomImage, Boolean> seen = new IdentityHashMap<>();
    List<DicomImage> files = new ArrayList<>();
    for (DicomGeometry.Placed frame : frames) {
      if (seen.put(frame.image(), true) == null) {
        files.add(frame.image());
      }
    }
    return files;
  }

  /** Where the frames of each file begin, among all frames handed over. */
  private static IdentityHashMap<DicomImage, Integer> firstFrames(List<DicomImage> files) {
    IdentityHashMap<DicomImage, Integer> first = new IdentityHashMap<>();
    int next = 0;
    for (DicomImage file : files) {
      first.put(file, next);
      next += file.frameCount();
    }
    return first;
  }

  private static void convert(
      List<DicomGeometry.Placed> frames,
      IdentityHashMap<DicomImage, Integer> first,
      Exchange.Voxels voxels,
      float[] out) {
    int at = 0;
    for (DicomGeometry.Placed frame : frames) {
      DicomImage image = frame.image();
      RawType type = image.type();
      long size = (long) image.rows() * image.columns() * type.bytes();
      long from = (first.get(image) + frame.index()) * size;
      for (long done = 0; done < size; ) {
        ByteBuffer part = voxels.view(from + done, size - done);
        done += part.remaining();
        at += type.convert(part, image.bits(), frame.frame().scale(), out, at);
      }
    }
  }
}
