package io.t3d.data.zarr.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * How chunks are compressed, and whether their bytes are shuffled before: all first bytes of the
 * values, then all second bytes. The high bytes of neighbouring voxels are alike, so they compress
 * well when they lie together.
 *
 * @param compressor {@code zstd}, {@code gzip}, {@code zlib} or {@code none}
 * @param level of compression, for {@code zstd}
 * @param shuffled whether bytes are shuffled
 */
record ZarrCodec(String compressor, int level, boolean shuffled) {
  private static final String FIX =
      "; in Python, write with compressor=numcodecs.Zstd() and filters=None";

  /** Zstandard of shuffled bytes. */
  static ZarrCodec zstd(int level) {
    return new ZarrCodec("zstd", level, true);
  }

  static ZarrCodec parse(Path folder, JsonNode root, ZarrDtype dtype) throws IOException {
    JsonNode compressor = root.path("compressor");
    String id = compressor.isObject() ? compressor.path("id").asText() : "none";
    if (!id.matches("zstd|gzip|zlib|none")) {
      throw ZarrMetadata.bad(
          folder, "compressor must be zstd, gzip, zlib or null, got " + compressor + FIX);
    }
    JsonNode filters = root.path("filters");
    boolean shuffle =
        filters.size() == 1
            && filters.get(0).path("id").asText().equals("shuffle")
            && filters.get(0).path("elementsize").asInt(4) == dtype.bytes;
    if (filters.size() > 0 && !shuffle) {
      throw ZarrMetadata.bad(
          folder,
          "filters must be null or one shuffle of elementsize "
              + dtype.bytes
              + ", got "
              + filters
              + FIX);
    }
    return new ZarrCodec(id, compressor.path("level").asInt(1), shuffle);
  }

  JsonNode compressorJson(ObjectMapper json) {
    return json.createObjectNode().put("id", compressor).put("level", level);
  }

  JsonNode filtersJson(ObjectMapper json, ZarrDtype dtype) {
    return json.createArrayNode()
        .add(json.createObjectNode().put("id", "shuffle").put("elementsize", dtype.bytes));
  }

  /** Shuffles and compresses; the frame ends with a checksum, so that damage is noticed. */
  byte[] encode(byte[] raw, int elementBytes) {
    byte[] shuffle = shuffle(raw, elementBytes);
    try (ZstdCompressCtx context = new ZstdCompressCtx()) {
      return context.setLevel(level).setChecksum(true).compress(shuffle);
    }
  }

  private static byte[] shuffle(byte[] raw, int elementBytes) {
    int count = raw.length / elementBytes;
    byte[] out = new byte[raw.length];
    for (int b = 0; b < elementBytes; b++) {
      for (int i = 0; i < count; i++) {
        out[b * count + i] = raw[i * elementBytes + b];
      }
    }
    return out;
  }

  /**
   * Decompresses; the bytes stay shuffled.
   *
   * @param chunk the file, for messages
   * @param stored its bytes
   * @param raw a buffer as long as what must come out
   * @param zstd reused, for {@code zstd}
   * @return what came out, which need not lie in {@code raw}
   */
  byte[] decode(Path chunk, byte[] stored, byte[] raw, ZstdDecompressCtx zstd) throws IOException {
    switch (compressor) {
      case "none" -> {
        requireLength(chunk, raw.length, stored.length);
        return stored;
      }
      case "zstd" -> zstd(chunk, stored, raw, zstd);
      default -> inflate(chunk, stored, raw);
    }
    return raw;
  }

  private static void zstd(Path chunk, byte[] stored, byte[] raw, ZstdDecompressCtx zstd)
      throws IOException {
    try {
      requireLength(chunk, raw.length, zstd.decompress(raw, stored));
    } catch (ZstdException e) {
      throw damaged(chunk, e.getMessage(), e);
    }
  }

  private static VolumeFormatException damaged(Path chunk, String problem, Throwable cause) {
    return new VolumeFormatException(
        chunk, "the chunk is damaged (" + problem + "); write the volume again", cause);
  }

  private void inflate(Path chunk, byte[] stored, byte[] raw) throws IOException {
    try (InputStream bytes = new ByteArrayInputStream(stored);
        InputStream in =
            compressor.equals("gzip")
                ? new GZIPInputStream(bytes)
                : new InflaterInputStream(bytes)) {
      int length = in.readNBytes(raw, 0, raw.length);
      requireLength(chunk, raw.length, in.read() < 0 ? length : raw.length + 1L);
    } catch (EOFException | ZipException e) {
      throw damaged(chunk, e.getMessage(), e);
    }
  }

  private static void requireLength(Path chunk, int expected, long got)
      throws VolumeFormatException {
    if (got != expected) {
      throw new VolumeFormatException(
          chunk,
          "the chunk must hold " + expected + " bytes, got " + got + "; write the volume again");
    }
  }
}
