package io.t3d.cli.option;

import io.t3d.core.T3dException;
import io.t3d.data.dicomweb.DicomWebClient;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where results are stored besides the disk. */
public final class PushOption {
  @Option(
      names = "--push",
      paramLabel = "URL",
      description =
          "Store the DICOM results in this archive too (STOW-RS), e.g."
              + " https://pacs.example/dicom-web.")
  private @Nullable String address;

  @Mixin private DicomWebAuth auth;

  /** Whether an address was given. */
  public boolean isAsked() {
    return address != null || auth.isGiven();
  }

  /**
   * A client of the archive; empty when none was given.
   *
   * @throws T3dException when the address is none, or there are credentials without one
   */
  public Optional<DicomWebClient> client() throws IOException {
    if (address == null && auth.isGiven()) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--auth-basic and --auth-bearer need --push URL");
    }
    return address == null ? Optional.empty() : Optional.of(auth.client(address));
  }
}
