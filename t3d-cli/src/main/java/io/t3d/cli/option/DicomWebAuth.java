package io.t3d.cli.option;

import io.t3d.core.T3dException;
import io.t3d.data.dicomweb.Credentials;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.DicomWebSettings;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command proves to an archive who asks; secrets come from files alone. */
public final class DicomWebAuth {
  @Option(
      names = "--auth-basic",
      paramLabel = "FILE",
      description = "A file with one line user:password for the archive.")
  private @Nullable Path basic;

  @Option(
      names = "--auth-bearer",
      paramLabel = "FILE",
      description = "A file with one line, a bearer token for the archive.")
  private @Nullable Path bearer;

  /** Whether a file was given. */
  public boolean isGiven() {
    return basic != null || bearer != null;
  }

  /**
   * A client of an archive.
   *
   * @throws T3dException when the address or a file is none
   */
  public DicomWebClient client(String address) throws IOException {
    return new DicomWebClient(settings(address));
  }

  /**
   * How an archive is asked.
   *
   * @throws T3dException when the address or a file is none
   */
  public DicomWebSettings settings(String address) throws IOException {
    if (basic != null && bearer != null) {
      throw new T3dException(
          T3dException.Kind.USAGE, "Give --auth-basic or --auth-bearer, not both");
    }
    Credentials credentials =
        basic != null
            ? Credentials.basicFrom(basic)
            : bearer != null ? Credentials.bearerFrom(bearer) : Credentials.none();
    return DicomWebSettings.of(DicomWebSettings.address(address), credentials);
  }
}
