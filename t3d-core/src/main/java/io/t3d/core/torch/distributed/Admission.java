package io.t3d.core.torch.distributed;

import com.google.common.hash.Hashing;
import io.t3d.core.T3dException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The check at the door: whoever joins shows rank 0, and rank 0 shows them, that they know the
 * secret. What is sent is a hash of it with a number that serves once.
 */
final class Admission {
  private static final long POLL_MILLIS = 20;
  private static final String NONCE = "t3d/nonce";
  private static final String SIZE = "t3d/size";
  private static final String JOIN = "t3d/join/";
  private static final String TAKEN = "t3d/taken/";
  private static final String ADMITTED = "t3d/admitted";
  private static final String REFUSED = "t3d/refused";

  private final NativeStore store;
  private final Rendezvous rendezvous;
  private final long end;

  private Admission(NativeStore store, Rendezvous rendezvous) {
    this.store = store;
    this.rendezvous = rendezvous;
    this.end = System.nanoTime() + rendezvous.joinTimeout().toNanos();
  }

  /**
   * Waits until all workers are there and known.
   *
   * @throws T3dException when some do not come, or do not fit
   */
  static void await(NativeStore store, Rendezvous rendezvous) {
    new Admission(store, rendezvous).run();
  }

  private void run() {
    int rank = rendezvous.rank();
    if (store.add(TAKEN + rank, 1) != 1) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          rendezvous
              .file()
              .map(
                  file ->
                      "Rank "
                          + rank
                          + " is taken in "
                          + file
                          + ", or the file is of an"
                          + " earlier run; give an absent file, and each worker a rank of its own")
              .orElse(
                  "Rank "
                      + rank
                      + " is taken by another worker at "
                      + rendezvous.place()
                      + "; give each a rank of its own (--node-rank on each machine), and each"
                      + " training a port of its own"));
    }
    if (rank == 0) {
      admit();
    } else {
      join();
    }
  }

  private void admit() {
    String nonce = UUID.randomUUID().toString();
    store.set(SIZE, Integer.toString(rendezvous.size()));
    store.set(NONCE, nonce);
    TreeSet<Integer> missing = new TreeSet<>();
    for (int r = 1; r < rendezvous.size(); r++) {
      missing.add(r);
    }
    while (!missing.isEmpty()) {
      for (int r : List.copyOf(missing)) {
        Optional<String> proof = store.find(JOIN + r);
        if (proof.isPresent()) {
          if (!same(proof.get(), proof(nonce, "join " + r))) {
            String why = "worker " + r + " does not know the secret of this training";
            store.set(REFUSED, why);
            throw refused(why);
          }
          missing.remove(r);
        }
      }
      refuseWhereRefused();
      pause(() -> "no word of worker" + (missing.size() == 1 ? " " : "s ") + shown(missing));
    }
    store.set(ADMITTED, proof(nonce, "admitted"));
  }

  private void join() {
    String place = rendezvous.place();
    String nonce = await(NONCE, "nothing of rank 0 at " + place);
    String size = await(SIZE, "nothing of rank 0 at " + place);
    if (!size.equals(Integer.toString(rendezvous.size()))) {
      String why =
          "worker "
              + rendezvous.rank()
              + " was started as one of "
              + rendezvous.size()
              + ", rank 0 as one of "
              + size;
      store.set(REFUSED, why);
      throw refused(why);
    }
    store.set(JOIN + rendezvous.rank(), proof(nonce, "join " + rendezvous.rank()));
    String answer = await(ADMITTED, "not all workers");
    if (!same(answer, proof(nonce, "admitted"))) {
      throw refused("rank 0 at " + place + " does not know the secret of this training");
    }
  }

  private String await(String key, String missing) {
    while (true) {
      Optional<String> value = store.find(key);
      if (value.isPresent()) {
        return value.get();
      }
      refuseWhereRefused();
      pause(() -> missing);
    }
  }

  private void refuseWhereRefused() {
    store
        .find(REFUSED)
        .ifPresent(
            why -> {
              throw refused(why);
            });
  }

  private static T3dException refused(String why) {
    return new T3dException(
        T3dException.Kind.USAGE,
        "The workers do not form a group: " + why + "; start all with the same settings");
  }

  private void pause(Supplier<String> missing) {
    if (System.nanoTime() > end) {
      Duration waited = rendezvous.joinTimeout();
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The workers do not form a group: "
              + missing.get()
              + " after "
              + Math.max(1, waited.toSeconds())
              + " s at "
              + rendezvous.place()
              + "; is each worker started, and does --rendezvous name the machine of rank 0?");
    }
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT, "Interrupted while waiting for the other workers", e);
    }
  }

  private String proof(String nonce, String role) {
    byte[] key = ("t3d " + rendezvous.secret()).getBytes(StandardCharsets.UTF_8);
    return Hashing.hmacSha256(key)
        .hashString(nonce + " " + role + " of " + rendezvous.size(), StandardCharsets.UTF_8)
        .toString();
  }

  private static boolean same(String a, String b) {
    return MessageDigest.isEqual(
        a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  }

  private static String shown(Iterable<Integer> ranks) {
    List<String> out = new ArrayList<>();
    ranks.forEach(r -> out.add(Integer.toString(r)));
    return String.join(", ", out);
  }
}
