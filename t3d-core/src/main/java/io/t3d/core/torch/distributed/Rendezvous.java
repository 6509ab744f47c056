package io.t3d.core.torch.distributed;

import io.t3d.core.T3dException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Where the workers of a training meet, and which of them this process is.
 *
 * <pre>{@code
 * Rendezvous.tcp("10.0.0.5", 29500, 1, 2).secret("…").build()
 * }</pre>
 *
 * @param place {@code HOST:PORT}, where rank 0 listens, or {@code file:PATH}, an absent file that
 *     all workers see
 * @param rank of this worker, from 0
 * @param size number of workers
 * @param networkInterface name of a network interface or an address of this machine on which the
 *     other workers reach this one; empty for the loopback address where the place is on it, else
 *     the address that leads to the place
 * @param secret what all workers must know; it is not sent. Empty for none, which is refused where
 *     other machines can reach a worker
 * @param joinTimeout how long to wait for the others at the start
 * @param timeout how long a collective may take, the others' other work included
 * @param backend what carries arrays; empty for Gloo, and no arrays of GPUs
 */
public record Rendezvous(
    String place,
    int rank,
    int size,
    Optional<String> networkInterface,
    String secret,
    Duration joinTimeout,
    Duration timeout,
    Optional<Backend> backend) {
  /** Variable of the environment: this worker's rank. */
  public static final String RANK = "T3D_RANK";

  /** Variable of the environment: the number of workers. */
  public static final String WORKERS = "T3D_WORKERS";

  /** Variable of the environment: this worker's number among those of its machine. */
  public static final String LOCAL_RANK = "T3D_LOCAL_RANK";

  /** Variable of the environment: the place. */
  public static final String PLACE = "T3D_RENDEZVOUS";

  /** Variable of the environment: the network interface or address of this worker. */
  public static final String INTERFACE = "T3D_INTERFACE";

  /** Variable of the environment: the secret. */
  public static final String SECRET = "T3D_SECRET";

  /** Variable of the environment: seconds to wait for the others at the start. */
  public static final String JOIN_SECONDS = "T3D_JOIN_SECONDS";

  /** Variable of the environment: seconds that a call between the workers may take. */
  public static final String TIMEOUT_SECONDS = "T3D_TIMEOUT_SECONDS";

  /** Variable of the environment: {@code gloo} or {@code nccl}. */
  public static final String BACKEND = "T3D_BACKEND";

  /** How many letters a secret has at least, where others than this machine may reach a worker. */
  public static final int SECRET_LETTERS = 16;

  private static final String FILE = "file:";

  /** What carries arrays between workers. */
  public enum Backend {
    /** Through the machines' memory; those of GPUs are copied there and back. */
    GLOO,
    /** From GPU to GPU. No natives of it are on Maven Central, so it is refused. */
    NCCL;

    /**
     * The backend of a name.
     *
     * @throws T3dException when it is neither {@code gloo} nor {@code nccl}, or cannot be had
     */
    public static Backend of(String name) {
      return switch (name.toLowerCase(Locale.ROOT)) {
        case "gloo" -> GLOO;
        case "nccl" -> throw noNccl("The backend NCCL cannot be had");
        default -> throw usage("a backend, gloo or nccl", "'" + name + "'");
      };
    }
  }

  /** The refusal of what needs NCCL. */
  static T3dException noNccl(String what) {
    return new T3dException(
        T3dException.Kind.ENVIRONMENT,
        what
            + ": NCCL is not in the CUDA natives of Maven Central. Train on one GPU"
            + " (training.microBatch holds more pairs), give --device cpu, or let gradients pass"
            + " through the machine's memory, slower: launch --backend gloo, or "
            + BACKEND
            + "=gloo");
  }

  /** Checks ranks and the place's form. */
  public Rendezvous {
    Objects.requireNonNull(place, "place");
    Objects.requireNonNull(networkInterface, "networkInterface");
    Objects.requireNonNull(secret, "secret");
    if (backend.filter(Backend.NCCL::equals).isPresent()) {
      throw noNccl("The backend NCCL cannot be had");
    }
    if (size < 1 || rank < 0 || rank >= size) {
      throw usage("a rank in [0, number of workers)", "rank " + rank + " of " + size + " workers");
    }
    if (joinTimeout.toMillis() < 1 || timeout.toMillis() < 1) {
      throw usage("times of at least a millisecond", joinTimeout + " and " + timeout);
    }
    if (!place.startsWith(FILE)) {
      int colon = place.lastIndexOf(':');
      if (colon < 1 || !isPort(place.substring(colon + 1))) {
        throw usage("HOST:PORT or file:PATH", "'" + place + "'");
      }
    }
  }

  private static boolean isPort(String text) {
    return text.matches("\\d{1,5}") && Integer.parseInt(text) > 0 && Integer.parseInt(text) < 65536;
  }

  private static T3dException usage(String expected, String got) {
    return new T3dException(
        T3dException.Kind.USAGE, "The workers' rendezvous needs " + expected + ", got " + got);
  }

  /**
   * Workers that meet at rank 0.
   *
   * @param host a name or IPv4 address of the machine of rank 0
   * @param port a free one there
   */
  public static Builder tcp(String host, int port, int rank, int size) {
    return new Builder(host + ":" + port, rank, size);
  }

  /**
   * Workers that meet in a file.
   *
   * @param file absent, in a folder that all see
   */
  public static Builder file(Path file, int rank, int size) {
    return new Builder(FILE + file, rank, size);
  }

  /** Workers that meet at a place, {@code HOST:PORT} or {@code file:PATH}. */
  public static Builder at(String place, int rank, int size) {
    return new Builder(place, rank, size);
  }

  /**
   * What {@code t3d launch} has told this process.
   *
   * @param environment as of {@link System#getenv()}
   * @return empty for a process that stands alone
   * @throws T3dException when it is half there or makes no sense
   */
  public static Optional<Rendezvous> fromEnvironment(Map<String, String> environment) {
    if (!environment.containsKey(RANK) && !environment.containsKey(WORKERS)) {
      return Optional.empty();
    }
    Builder builder =
        at(text(environment, PLACE), number(environment, RANK), number(environment, WORKERS));
    Optional.ofNullable(environment.get(INTERFACE)).ifPresent(builder::networkInterface);
    if (environment.containsKey(SECRET)) {
      String secret = environment.get(SECRET);
      if (secret.length() < SECRET_LETTERS) {
        throw usage(
            "a secret of at least " + SECRET_LETTERS + " letters in " + SECRET,
            secret.isEmpty() ? "an empty one" : secret.length() + " letters");
      }
      builder.secret(secret);
    }
    if (environment.containsKey(JOIN_SECONDS)) {
      builder.joinTimeout(Duration.ofSeconds(number(environment, JOIN_SECONDS)));
    }
    if (environment.containsKey(TIMEOUT_SECONDS)) {
      builder.timeout(Duration.ofSeconds(number(environment, TIMEOUT_SECONDS)));
    }
    Optional.ofNullable(environment.get(BACKEND)).map(Backend::of).ifPresent(builder::backend);
    return Optional.of(builder.build());
  }

  private static String text(Map<String, String> environment, String name) {
    String text = environment.get(name);
    if (text == null) {
      throw usage("the variables " + RANK + ", " + WORKERS + " and " + PLACE, "no " + name);
    }
    return text;
  }

  private static int number(Map<String, String> environment, String name) {
    String text = text(environment, name);
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw usage("a whole number in " + name, "'" + text + "'");
    }
  }

  /** The file, where the workers meet in one. */
  Optional<Path> file() {
    return place.startsWith(FILE)
        ? Optional.of(Path.of(place.substring(FILE.length())))
        : Optional.empty();
  }

  String host() {
    return place.substring(0, place.lastIndexOf(':'));
  }

  int port() {
    return Integer.parseInt(place.substring(place.lastIndexOf(':') + 1));
  }

  /** Sets what differs from the defaults. */
  public static final class Builder {
    private final String place;
    private final int rank;
    private final int size;
    private Optional<String> networkInterface = Optional.empty();
    private String secret = "";
    private Duration joinTimeout = Duration.ofMinutes(5);
    private Duration timeout = Duration.ofMinutes(60);
    private Optional<Backend> backend = Optional.empty();

    private Builder(String place, int rank, int size) {
      this.place = place;
      this.rank = rank;
      this.size = size;
    }

    /** See {@link Rendezvous#networkInterface()}. */
    public Builder networkInterface(String nameOrAddress) {
      networkInterface = Optional.of(nameOrAddress);
      return this;
    }

    /** See {@link Rendezvous#secret()}. */
    public Builder secret(String value) {
      secret = Objects.requireNonNull(value, "secret");
      return this;
    }

    /** See {@link Rendezvous#joinTimeout()}; five minutes unless set. */
    public Builder joinTimeout(Duration value) {
      joinTimeout = value;
      return this;
    }

    /**
     * See {@link Rendezvous#timeout()}; an hour unless set, since one worker's validation and
     * checkpoints count. A worker that ends or falls silent is noticed within half a minute all the
     * same.
     */
    public Builder timeout(Duration value) {
      timeout = value;
      return this;
    }

    /**
     * See {@link Rendezvous#backend()}. With {@link Backend#GLOO}, workers may train on GPUs, whose
     * arrays then pass through the machine's memory.
     */
    public Builder backend(Backend value) {
      backend = Optional.of(value);
      return this;
    }

    /** Checks and builds. */
    public Rendezvous build() {
      return new Rendezvous(
          place, rank, size, networkInterface, secret, joinTimeout, timeout, backend);
    }
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "worker " + rank + " of " + size + " at " + place;
  }
}
