package io.t3d.data.dicomweb;

import io.t3d.core.T3dException;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;

/**
 * Where an archive is, and how long and how much is waited for.
 *
 * @param base the address that {@code /studies} and {@code /series} are appended to, e.g. {@code
 *     https://pacs.example/dicom-web}
 * @param credentials sent to this address alone; redirects are not followed
 * @param attempts how often a request is tried, at least 1: again after a lost connection, a
 *     time-out, status 429, 500, 502, 503 or 504
 * @param pause before the second attempt; doubled each time, at most 30 s
 * @param silence longest time in which nothing arrives
 * @param longestInstance most bytes of one DICOM object
 * @param mostInstances most objects of a series
 */
public record DicomWebSettings(
    URI base,
    Credentials credentials,
    int attempts,
    Duration pause,
    Duration silence,
    long longestInstance,
    int mostInstances) {
  /** Checks the address and ranges. */
  public DicomWebSettings {
    Objects.requireNonNull(credentials, "credentials");
    String scheme = String.valueOf(base.getScheme());
    boolean web = scheme.equals("http") || scheme.equals("https");
    if (!web || base.getHost() == null || base.getRawQuery() != null) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The address of a DICOMweb service begins with http:// or https://, names a host and has"
              + " no query, e.g. https://pacs.example/dicom-web, got "
              + withoutUser(base));
    }
    if (base.getRawUserInfo() != null) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The address of a DICOMweb service must hold no password; put user:password into a file");
    }
    if (attempts < 1 || mostInstances < 1 || longestInstance < 1) {
      throw new IllegalArgumentException(
          "attempts, mostInstances and longestInstance must be >= 1, got "
              + attempts
              + ", "
              + mostInstances
              + " and "
              + longestInstance);
    }
  }

  private static String withoutUser(URI uri) {
    return uri.toString().replaceFirst("//[^/@]*@", "//…@");
  }

  /** Five attempts, 60 s of silence, objects up to 2 GiB, series up to 20,000 of them. */
  public static DicomWebSettings of(URI base, Credentials credentials) {
    return new DicomWebSettings(
        base, credentials, 5, Duration.ofMillis(500), Duration.ofSeconds(60), 2L << 30, 20_000);
  }

  /**
   * Reads an address; see the constructor.
   *
   * @throws T3dException when it is none
   */
  public static URI address(String text) {
    try {
      return URI.create(text.replaceFirst("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The address of a DICOMweb service begins with http:// or https://; the one given is no"
              + " address",
          e);
    }
  }

  /** The same with another number of attempts and pause. */
  public DicomWebSettings withRetries(int count, Duration first) {
    return new DicomWebSettings(
        base, credentials, count, first, silence, longestInstance, mostInstances);
  }

  /** The same with another longest silence. */
  public DicomWebSettings withSilence(Duration longest) {
    return new DicomWebSettings(
        base, credentials, attempts, pause, longest, longestInstance, mostInstances);
  }

  /** The same with other bounds. */
  public DicomWebSettings withBounds(long bytesPerInstance, int instances) {
    return new DicomWebSettings(
        base, credentials, attempts, pause, silence, bytesPerInstance, instances);
  }
}
