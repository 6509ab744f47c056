package io.t3d.core.train;

import ai.djl.engine.Engine;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The origin of a model (data, settings, seed, versions), kept as {@code provenance.json} in its
 * checkpoint.
 *
 * @param data what it was trained on, in the caller's words
 * @param model settings of the model
 * @param training settings of the run, its seed among them
 * @param versions name → version of this library, DJL, libtorch and Java
 * @param machine system, processor kind, cores and heap
 * @param started when the run, or its resumed part, began; ISO 8601, UTC
 * @param pretrained encoder → where the weights it started from come from; empty when all were
 *     random
 * @param gitCommit commit of the working folder, or {@code unknown}
 */
public record Provenance(
    String data,
    T3DConfig model,
    TrainingConfig training,
    Map<String, String> versions,
    String machine,
    String started,
    Map<String, String> pretrained,
    String gitCommit) {

  /**
   * Notes down this process.
   *
   * @param workers of the training
   */
  static Provenance capture(String data, T3DModel model, TrainingConfig training, int workers) {
    return new Provenance(
        data,
        model.config(),
        training,
        findVersions(),
        describeMachine() + (workers > 1 ? ", one of " + workers + " workers" : ""),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        model.origins(),
        findCommit());
  }

  /** Name → version of what trains. */
  public static Map<String, String> findVersions() {
    Map<String, String> out = new LinkedHashMap<>();
    String own = Provenance.class.getPackage().getImplementationVersion();
    out.put("t3d", own == null ? "development" : own);
    String djl = Engine.class.getPackage().getImplementationVersion();
    out.put("djl", djl == null ? Engine.getDjlVersion() : djl);
    out.put("libtorch", Engine.getInstance().getVersion());
    out.put("java", Runtime.version().toString());
    return out;
  }

  private static String describeMachine() {
    Runtime runtime = Runtime.getRuntime();
    return String.format(
        "%s %s, %s, %d cores, %d MiB heap",
        System.getProperty("os.name"),
        System.getProperty("os.version"),
        System.getProperty("os.arch"),
        runtime.availableProcessors(),
        runtime.maxMemory() >> 20);
  }

  private static String findCommit() {
    try {
      Process git =
          new ProcessBuilder("git", "rev-parse", "HEAD")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String commit = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return git.waitFor(2, TimeUnit.SECONDS) && git.exitValue() == 0 ? commit.strip() : "unknown";
    } catch (IOException e) {
      return "unknown"; // No git on this machine.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
