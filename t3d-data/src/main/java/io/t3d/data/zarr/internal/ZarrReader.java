package io.t3d.data.zarr.internal;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.IOException;
import java.nio.file.Path;

/** Reads {@code .zarr} folders, whole; {@link ZarrVolume} reads parts. */
public final class ZarrReader implements VolumeReader {
  private static final String NAME = "zarr-java";

  /** For the service loader. */
  public ZarrReader() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean canRead(Path path) {
    return ZarrVolume.isNamed(path);
  }

  @Override
  public VolumeInfo info(Path path) throws IOException {
    ZarrVolume volume = ZarrVolume.open(path);
    volume.requireWhole();
    return volume.info(NAME);
  }

  @Override
  public Volume read(Path path) throws IOException {
    return ZarrVolume.open(path).readAll();
  }
}
