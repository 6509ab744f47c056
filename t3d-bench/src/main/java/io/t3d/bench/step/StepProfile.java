package io.t3d.bench.step;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Where the time of a step goes, by looking at the training thread's stack every few milliseconds.
 * The backward pass is one native call, hence one part.
 */
final class StepProfile {
  private static final int MILLISECONDS = 5;

  /** First match wins: a word in a class or method name of the stack → part. */
  private static final Map<String, String> PARTS = new LinkedHashMap<>();

  static {
    PARTS.put("torchBackward", "backward pass");
    PARTS.put("ActivationCheckpoints.backward", "backward pass");
    PARTS.put("optim.Gradients", "gradient norm and clipping");
    PARTS.put("AdamW", "AdamW");
    PARTS.put("TransformerTextEncoder", "text encoder, forward");
    PARTS.put("ResNet3d", "vision encoder, forward");
    PARTS.put("Vit3d", "vision encoder, forward");
    PARTS.put("TokenGather", "gather, forward");
    PARTS.put("io.t3d.losses", "losses, forward");
    PARTS.put("ViewBatch", "views to arrays");
    PARTS.put("T3DModel", "model, the rest, forward");
  }

  private StepProfile() {}

  /** Runs a step on this thread and gives the share of each part, largest first. */
  static List<String> of(Runnable step) {
    Map<String, Integer> hits = new LinkedHashMap<>();
    AtomicBoolean done = new AtomicBoolean();
    Thread training = Thread.currentThread();
    Thread watcher = new Thread(() -> watch(training, done, hits), "step-profile");
    watcher.start();
    try {
      step.run();
    } finally {
      done.set(true);
    }
    try {
      watcher.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return shares(hits);
  }

  private static void watch(Thread training, AtomicBoolean done, Map<String, Integer> hits) {
    while (!done.get()) {
      hits.merge(part(training.getStackTrace()), 1, Integer::sum);
      try {
        Thread.sleep(MILLISECONDS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** The part to which a stack belongs. */
  static String part(StackTraceElement... stack) {
    for (Map.Entry<String, String> part : PARTS.entrySet()) {
      for (StackTraceElement frame : stack) {
        if ((frame.getClassName() + "." + frame.getMethodName()).contains(part.getKey())) {
          return part.getValue();
        }
      }
    }
    return "other";
  }

  private static List<String> shares(Map<String, Integer> hits) {
    double all = hits.values().stream().mapToInt(Integer::intValue).sum();
    List<String> lines = new ArrayList<>();
    hits.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .forEach(
            e ->
                lines.add(
                    String.format(
                        Locale.ROOT, "%5.1f %%  %s", 100 * e.getValue() / all, e.getKey())));
    return lines;
  }
}
