package io.t3d.data.itk.internal.read;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import io.t3d.data.itk.internal.check.ClaimedImage;
import io.t3d.data.itk.internal.check.MetaCheck;
import io.t3d.data.itk.internal.check.NiftiCheck;
import io.t3d.data.itk.internal.check.NrrdCheck;
import io.t3d.data.itk.internal.check.RawType;
import io.t3d.data.itk.internal.worker.Exchange;
import io.t3d.data.itk.internal.worker.Heap;
import io.t3d.data.itk.internal.worker.Message;
import io.t3d.data.itk.internal.worker.WorkerPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** Reads NRRD, MetaImage or NIfTI through ITK, each checked for what ITK lets pass. */
public abstract sealed class ItkImageReader implements VolumeReader {
  private final int code;
  private final String name;
  private final List<String> suffixes;

  private ItkImageReader(int code, String name, String... suffixes) {
    this.code = code;
    this.name = name;
    this.suffixes = List.of(suffixes);
  }

  /** {@code .nrrd}, and {@code .nhdr} with its data file beside it. */
  public static final class Nrrd extends ItkImageReader {
    /** A reader without state. */
    public Nrrd() {
      super(0, "itk-nrrd", ".nrrd", ".nhdr");
    }

    @Override
    ClaimedImage check(Path path) throws IOException {
      return NrrdCheck.of(path);
    }
  }

  /** {@code .mha}, and {@code .mhd} with its data file beside it. */
  public static final class Meta extends ItkImageReader {
    /** A reader without state. */
    public Meta() {
      super(1, "itk-meta", ".mha", ".mhd");
    }

    @Override
    ClaimedImage check(Path path) throws IOException {
      return MetaCheck.of(path);
    }
  }

  /**
   * NIfTI-1 in one file, {@code .nii} and {@code .nii.gz}. {@link VolumeReaders} does not use it:
   * {@link io.t3d.data.io.internal.format.NiftiReader} reads more of the format. This one is for
   * who needs ITK's decoder. What ITK would read or place otherwise than the standard says is
   * refused. Scaled integers are computed in float32, so their last bit may differ.
   */
  public static final class Nifti extends ItkImageReader {
    /** A reader without state. */
    public Nifti() {
      super(2, "itk-nifti", ".nii", ".nii.gz");
    }

    @Override
    ClaimedImage check(Path path) throws IOException {
      return NiftiCheck.of(path);
    }
  }

  /**
   * Reads the text header and checks the data against it, before ITK sees the file.
   *
   * @throws VolumeFormatException when data is missing, damaged or of a kind that cannot be read
   */
  abstract ClaimedImage check(Path path) throws IOException;

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> suffixes() {
    return suffixes;
  }

  @Override
  public boolean needsLocalFiles() {
    return true;
  }

  @Override
  public VolumeInfo info(Path path) throws IOException {
    ClaimedImage claimed = check(path);
    Header header =
        WorkerPool.shared()
            .ask(
                request(path, "", 0),
                List.of(path),
                0,
                answer -> Header.from(path, answer, claimed));
    return new VolumeInfo(
        header.depth, header.height, header.width, header.affine, header.type.label(), name);
  }

  @Override
  public Volume read(Path path) throws IOException {
    ClaimedImage claimed = check(path);
    Heap.require(path, claimed.voxels());
    long bytes = claimed.voxels() * claimed.type().bytes();
    return WorkerPool.shared()
        .askVoxels(
            exchange -> request(path, exchange, bytes),
            List.of(path),
            bytes,
            (answer, voxels) -> {
              if (voxels.size() != bytes) {
                throw new VolumeFormatException(
                    path, "the decoder gave " + voxels.size() + " bytes, expected " + bytes);
              }
              return volume(Header.from(path, answer, claimed), voxels);
            });
  }

  private Message request(Path path, String exchange, long most) {
    return new Message(Message.Operation.IMAGE_FILE)
        .u8(code)
        .text(path.toAbsolutePath().toString())
        .text(exchange)
        .u64(most);
  }

  private static Volume volume(Header h, Exchange.Voxels voxels) {
    float[] out = new float[h.depth * h.height * h.width];
    int at = 0;
    for (long from = 0; from < voxels.size(); ) {
      ByteBuffer part = voxels.view(from, 1 << 22);
      from += part.remaining();
      at += h.type.convert(part, RawType.Scale.NONE, out, at);
    }
    return new Volume(out, h.depth, h.height, h.width, h.affine);
  }

  /** What ITK says of a file. */
  private record Header(RawType type, int width, int height, int depth, Affine affine) {
    static Header from(Path path, ByteBuffer in, ClaimedImage claimed)
        throws VolumeFormatException {
      RawType type = RawType.ofCode(in.get());
      ClaimedImage found = new ClaimedImage(type, in.getInt(), in.getInt(), in.getInt());
      double[] spacing = Message.doubles(in, 3);
      double[] origin = Message.doubles(in, 3);
      double[] direction = Message.doubles(in, 9); // one axis after the other
      if (!found.sameGrid(claimed)) {
        throw new VolumeFormatException(
            path, "its header can be read in two ways: as " + claimed + ", and by ITK as " + found);
      }
      double[] rows = new double[12];
      for (int row = 0; row < 3; row++) {
        double sign = row < 2 ? -1 : 1; // LPS → RAS
        for (int axis = 0; axis < 3; axis++) {
          rows[4 * row + axis] = sign * direction[3 * axis + row] * spacing[axis] + 0.0;
        }
        rows[4 * row + 3] = sign * origin[row] + 0.0;
      }
      Affine affine = Placement.of(path, rows);
      claimed.requirePlaced(path, affine);
      return new Header(
          type, found.width(), found.height(), found.depth(), claimed.affine().orElse(affine));
    }
  }
}
