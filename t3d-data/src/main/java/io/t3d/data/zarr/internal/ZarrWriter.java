package io.t3d.data.zarr.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.zarr.ZarrOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes volumes as Zarr; equal volumes give equal bytes. */
public final class ZarrWriter {
  private final Path folder;
  private final Volume volume;
  private final ZarrMetadata metadata;
  private final double scale;

  private ZarrWriter(Path folder, Volume volume, ZarrOptions options) {
    this.folder = folder;
    this.volume = volume;
    this.scale = scale(volume, options.values());
    Size3 shape = new Size3(volume.depth(), volume.height(), volume.width());
    this.metadata =
        new ZarrMetadata(
            shape,
            smaller(options.chunk(), shape),
            options.values() == ZarrOptions.Values.FLOAT32 ? ZarrDtype.FLOAT32 : ZarrDtype.INT16,
            ZarrCodec.zstd(options.level()),
            ".");
  }

  /**
   * Writes a volume.
   *
   * @param folder is made; must not be there, and should end in {@code .zarr}
   * @param volume finite values
   * @param options how to store them
   * @param provenance a JSON object kept in the attributes: how the volume came about
   * @throws T3dException when a value is not finite, or is no whole 16-bit number and must be
   */
  public static void write(Path folder, Volume volume, ZarrOptions options, String provenance)
      throws IOException {
    new ZarrWriter(folder, volume, options).write(json(provenance));
  }

  private static JsonNode json(String provenance) {
    try {
      return new ObjectMapper().readTree(provenance);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("provenance must be JSON: " + e.getOriginalMessage(), e);
    }
  }

  private void write(JsonNode provenance) throws IOException {
    Files.createDirectory(folder);
    Size3 grid = metadata.grid();
    List<Integer> lengths = new ArrayList<>();
    byte[] raw = new byte[metadata.chunkBytes()];
    for (int z = 0; z < grid.depth(); z++) {
      for (int y = 0; y < grid.height(); y++) {
        for (int x = 0; x < grid.width(); x++) {
          fill(raw, metadata.box(z, y, x));
          byte[] stored = metadata.codec().encode(raw, metadata.dtype().bytes);
          Files.write(folder.resolve(metadata.key(z, y, x)), stored);
          lengths.add(stored.length);
        }
      }
    }
    ZarrAttributes attributes = new ZarrAttributes(volume.affine(), scale, 0, provenance, lengths);
    Files.writeString(folder.resolve(ZarrAttributes.FILE), attributes.toJson());
    // Last, because a folder without it is no array.
    Files.writeString(folder.resolve(ZarrMetadata.FILE), metadata.toJson());
  }

  /** Encodes a chunk's voxels; zero where it reaches over the edge. */
  private void fill(byte[] raw, VoxelBox box) {
    ByteBuffer out = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    for (int z = box.z0(); z < box.z0() + box.depth(); z++) {
      for (int y = box.y0(); y < box.y0() + box.height(); y++) {
        boolean row = z < volume.depth() && y < volume.height();
        int count = row ? Math.min(box.width(), volume.width() - box.x0()) : 0;
        int from = row ? volume.index(z, y, box.x0()) : 0;
        put(out, from, count);
        for (int i = count * metadata.dtype().bytes;
            i < box.width() * metadata.dtype().bytes;
            i++) {
          out.put((byte) 0);
        }
      }
    }
  }

  private void put(ByteBuffer out, int from, int count) {
    float[] voxels = volume.voxels();
    if (metadata.dtype() == ZarrDtype.FLOAT32) {
      for (int i = 0; i < count; i++) {
        out.putFloat(voxels[from + i]);
      }
      return;
    }
    double inverse = 1 / scale;
    for (int i = 0; i < count; i++) {
      out.putShort((short) Math.rint(voxels[from + i] * inverse));
    }
  }

  private static Size3 smaller(Size3 chunk, Size3 shape) {
    return new Size3(
        Math.min(chunk.depth(), shape.depth()),
        Math.min(chunk.height(), shape.height()),
        Math.min(chunk.width(), shape.width()));
  }

  private static double scale(Volume volume, ZarrOptions.Values values) {
    float largest = 0;
    boolean whole = true;
    for (float v : volume.voxels()) {
      if (!Float.isFinite(v)) {
        throw new T3dException(
            T3dException.Kind.INPUT, "Voxels must be finite to be stored, got " + v);
      }
      whole &= v == (short) v;
      largest = Math.max(largest, Math.abs(v));
    }
    return switch (values) {
      case FLOAT32 -> 1;
      case LABELS -> {
        if (!whole) {
          throw new T3dException(
              T3dException.Kind.INPUT,
              "A mask must hold whole numbers from -32768 to 32767, got others; is it an image?");
        }
        yield 1;
      }
      // Exact, and the high bytes of such voxels are alike, so they cost little.
      case INT16 -> whole ? 1 : finest(largest);
    };
  }

  /** The smallest power of two that fits the largest magnitude into 32,767 steps. */
  private static double finest(float largest) {
    if (largest == 0) {
      return 1;
    }
    double scale = Math.scalb(1.0, Math.getExponent(largest) - 14);
    return Math.rint(largest / scale) > Short.MAX_VALUE ? 2 * scale : scale;
  }
}
