package io.t3d.serve.config;

import java.nio.file.Path;
import java.util.Objects;

/**
 * What a service proves its name with.
 *
 * @param certificate PEM: the certificate, and those that vouch for it
 * @param key PEM: its private key, not encrypted
 */
public record TlsFiles(Path certificate, Path key) {
  /** Checks that nothing is missing. */
  public TlsFiles {
    Objects.requireNonNull(certificate, "TlsFiles.certificate");
    Objects.requireNonNull(key, "TlsFiles.key");
  }
}
