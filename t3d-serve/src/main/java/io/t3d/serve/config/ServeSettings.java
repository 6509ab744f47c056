package io.t3d.serve.config;

import io.t3d.core.internal.Checks;
import io.t3d.data.dicomweb.DicomWebSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How a service listens, whom it lets in, and what it takes on at most.
 *
 * <pre>{@code
 * ServeSettings.builder().port(8443).host("0.0.0.0").token(secret).tls(new TlsFiles(pem, key)).build();
 * }</pre>
 *
 * @param host name or address to listen on; one that other machines reach needs a token
 * @param port 0 takes a free one
 * @param token what clients show as {@code Authorization: Bearer}; empty lets everyone in
 * @param tls empty speaks plain HTTP
 * @param root folder of the volumes that requests may name by path; empty refuses paths
 * @param archive whose series requests may name; empty refuses them. Its address and credentials
 *     stand here alone: no request can name a host
 * @param temporary folder for uploads and fetched series, each gone with its request
 * @param queue requests in the house at most; more are refused with 429
 * @param readers volumes that are read and prepared at a time, each in memory
 * @param maxBatch requests that the model encodes together, at most; 1 gives the library's bits
 * @param maxWait how long the first of a batch waits for others that are being read
 * @param timeout of a request, from its first byte to its answer
 * @param stopWithin how long a stop waits for requests that run
 * @param upload bounds on what a request may bring
 */
public record ServeSettings(
    String host,
    int port,
    Optional<String> token,
    Optional<TlsFiles> tls,
    Optional<Path> root,
    Optional<DicomWebSettings> archive,
    Path temporary,
    int queue,
    int readers,
    int maxBatch,
    Duration maxWait,
    Duration timeout,
    Duration stopWithin,
    UploadLimits upload) {
  private static final int SHORTEST_TOKEN = 16;

  /** Checks ranges, and that only this machine reaches a service without a token. */
  public ServeSettings {
    Objects.requireNonNull(host, "ServeSettings.host");
    Checks.inRange("ServeSettings.port", port, 0, 65535);
    Objects.requireNonNull(token, "ServeSettings.token");
    Objects.requireNonNull(tls, "ServeSettings.tls");
    Objects.requireNonNull(root, "ServeSettings.root");
    Objects.requireNonNull(archive, "ServeSettings.archive");
    Objects.requireNonNull(temporary, "ServeSettings.temporary");
    Checks.inRange("ServeSettings.queue", queue, 1, 4096);
    Checks.inRange("ServeSettings.readers", readers, 1, 1024);
    Checks.inRange("ServeSettings.maxBatch", maxBatch, 1, 1024);
    requireNotNegative("ServeSettings.maxWait", maxWait);
    requireNotNegative("ServeSettings.stopWithin", stopWithin);
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("ServeSettings.timeout must be > 0, got " + timeout);
    }
    Objects.requireNonNull(upload, "ServeSettings.upload");
    if (token.isPresent() && token.get().length() < SHORTEST_TOKEN) {
      throw new IllegalArgumentException(
          "A token must have at least "
              + SHORTEST_TOKEN
              + " characters, got "
              + token.get().length()
              + "; make one with: openssl rand -hex 32");
    }
    if (token.isEmpty() && !isLoopback(host)) {
      throw new IllegalArgumentException(
          "On "
              + host
              + " other machines reach the service, so it needs a token: make one with openssl rand"
              + " -hex 32, or listen on 127.0.0.1");
    }
  }

  private static void requireNotNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " must be >= 0, got " + value);
    }
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "ServeSettings.host must be an address of this machine, got " + host, e);
    }
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "ServeSettings[" + host + ":" + port + (token.isPresent() ? ", with a token]" : "]");
  }

  /**
   * This machine only, port 8080, no token, 64 requests in the house, batches of up to 8, two
   * minutes for a request.
   */
  public static ServeSettings defaults() {
    return builder().build();
  }

  /** Settings step by step, from {@link #defaults}. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects settings; those that are not named stay as in {@link #defaults}. */
  public static final class Builder {
    private String host = "127.0.0.1";
    private int port = 8080;
    private Optional<String> token = Optional.empty();
    private Optional<TlsFiles> tls = Optional.empty();
    private Optional<Path> root = Optional.empty();
    private Optional<DicomWebSettings> archive = Optional.empty();
    private Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    private int queue = 64;
    private int readers = Math.max(1, Math.min(8, Runtime.getRuntime().availableProcessors()));
    private int maxBatch = 8;
    private Duration maxWait = Duration.ofMillis(20);
    private Duration timeout = Duration.ofMinutes(2);
    private Duration stopWithin = Duration.ofSeconds(30);
    private UploadLimits upload = UploadLimits.defaults();

    private Builder() {}

    /** See {@link ServeSettings#host()}. */
    public Builder host(String value) {
      host = value;
      return this;
    }

    /** See {@link ServeSettings#port()}. */
    public Builder port(int value) {
      port = value;
      return this;
    }

    /** See {@link ServeSettings#token()}. */
    public Builder token(String value) {
      token = Optional.of(value);
      return this;
    }

    /** See {@link ServeSettings#tls()}. */
    public Builder tls(TlsFiles value) {
      tls = Optional.of(value);
      return this;
    }

    /** See {@link ServeSettings#root()}. */
    public Builder root(Path value) {
      root = Optional.of(value);
      return this;
    }

    /** See {@link ServeSettings#archive()}. */
    public Builder archive(DicomWebSettings value) {
      archive = Optional.of(value);
      return this;
    }

    /** See {@link ServeSettings#temporary()}. */
    public Builder temporary(Path value) {
      temporary = value;
      return this;
    }

    /** See {@link ServeSettings#queue()}. */
    public Builder queue(int value) {
      queue = value;
      return this;
    }

    /** See {@link ServeSettings#readers()}. */
    public Builder readers(int value) {
      readers = value;
      return this;
    }

    /** See {@link ServeSettings#maxBatch()}. */
    public Builder maxBatch(int value) {
      maxBatch = value;
      return this;
    }

    /** See {@link ServeSettings#maxWait()}. */
    public Builder maxWait(Duration value) {
      maxWait = value;
      return this;
    }

    /** See {@link ServeSettings#timeout()}. */
    public Builder timeout(Duration value) {
      timeout = value;
      return this;
    }

    /** See {@link ServeSettings#stopWithin()}. */
    public Builder stopWithin(Duration value) {
      stopWithin = value;
      return this;
    }

    /** See {@link ServeSettings#upload()}. */
    public Builder upload(UploadLimits value) {
      upload = value;
      return this;
    }

    /**
     * The settings.
     *
     * @throws IllegalArgumentException when a value is out of range, or other machines would reach
     *     a service without a token
     */
    public ServeSettings build() {
      return new ServeSettings(
          host,
          port,
          token,
          tls,
          root,
          archive,
          temporary,
          queue,
          readers,
          maxBatch,
          maxWait,
          timeout,
          stopWithin,
          upload);
    }
  }
}
