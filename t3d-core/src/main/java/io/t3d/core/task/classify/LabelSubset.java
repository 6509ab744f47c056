package io.t3d.core.task.classify;

import io.t3d.core.T3dException;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.internal.Checks;
import io.t3d.core.task.internal.Shuffles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Selects a fraction of the labelled samples, for training with 1 %, 10 % or all labels: whole
 * patients, close to the label frequencies of the whole (iterative stratification, Sechidis et al.,
 * 2011, for one subset), with at least one positive and one negative of every label that has any.
 * Patients of whom no label is known are none of them.
 */
public final class LabelSubset {
  private final LabelMatrix labels;
  private final List<int[]> patients; // samples of each, in random order
  private final int budget; // patients
  private final double fraction;
  private final Set<Integer> chosen = new LinkedHashSet<>();

  private LabelSubset(LabelMatrix labels, List<String> names, double fraction, long seed) {
    this.labels = labels;
    this.fraction = fraction;
    Map<String, List<Integer>> byPatient = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      byPatient.computeIfAbsent(names.get(i), unused -> new ArrayList<>()).add(i);
    }
    // Unlabelled patients would look healthy below, and take the places of those who are.
    byPatient.values().removeIf(l -> l.stream().noneMatch(i -> isLabelled(labels, i)));
    if (byPatient.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT, "There are no labelled samples to choose from");
    }
    this.patients = new ArrayList<>();
    byPatient.values().forEach(l -> patients.add(l.stream().mapToInt(i -> i).toArray()));
    Shuffles.shuffle(patients, new SplittableRandom(seed));
    this.budget = Math.max(1, (int) Math.round(fraction * patients.size()));
  }

  /**
   * Chooses samples. Same input and seed, same choice.
   *
   * @param labels of N samples
   * @param patients N names; samples of one patient are taken together
   * @param fraction share of the labelled patients, in (0, 1]. A small share may grow until every
   *     label has its positive and its negative
   * @return indices of samples, ascending
   * @throws IllegalArgumentException when counts differ or the fraction is out of range
   * @throws T3dException when no sample has a label
   */
  public static int[] choose(
      LabelMatrix labels, List<String> patients, double fraction, long seed) {
    Checks.positive("The fraction of labels", fraction);
    Checks.inRange("The fraction of labels", fraction, 0, 1);
    if (patients.size() != labels.size()) {
      throw new IllegalArgumentException(
          "patients must name one patient per sample ("
              + labels.size()
              + "), got "
              + patients.size());
    }
    return new LabelSubset(labels, patients, fraction, seed).choose();
  }

  private static boolean isLabelled(LabelMatrix labels, int sample) {
    return Arrays.stream(labels.values()[sample]).anyMatch(v -> !Double.isNaN(v));
  }

  private int[] choose() {
    for (int label : rarestFirst()) {
      int wanted = Math.max(1, (int) Math.round(fraction * labels.positives(label)));
      int have = chosen.stream().mapToInt(p -> positives(p, label)).sum();
      for (int p = 0; p < patients.size() && have < wanted; p++) {
        boolean room = have == 0 || chosen.size() < budget;
        if (room && positives(p, label) > 0 && chosen.add(p)) {
          have += positives(p, label);
        }
      }
    }
    // Patients without any positive first: all others have had their chance.
    for (boolean healthy : new boolean[] {true, false}) {
      for (int p = 0; p < patients.size() && chosen.size() < budget; p++) {
        if (!healthy || isHealthy(p)) {
          chosen.add(p);
        }
      }
    }
    addMissingNegatives();
    Set<Integer> samples = new TreeSet<>();
    chosen.forEach(p -> Arrays.stream(patients.get(p)).forEach(samples::add));
    return samples.stream().mapToInt(i -> i).toArray();
  }

  /** Of one class alone nothing is learnt, and all volumes would get the same score. */
  private void addMissingNegatives() {
    for (int label = 0; label < labels.names().size(); label++) {
      if (chosen.stream().noneMatch(hasNegative(label))) {
        IntStream.range(0, patients.size())
            .boxed()
            .filter(hasNegative(label))
            .findFirst()
            .ifPresent(chosen::add);
      }
    }
  }

  private Predicate<Integer> hasNegative(int label) {
    return patient ->
        Arrays.stream(patients.get(patient)).anyMatch(i -> labels.values()[i][label] == 0);
  }

  private List<Integer> rarestFirst() {
    List<Integer> order = new ArrayList<>();
    for (int label = 0; label < labels.names().size(); label++) {
      if (labels.positives(label) > 0) {
        order.add(label);
      }
    }
    order.sort((a, b) -> Integer.compare(labels.positives(a), labels.positives(b)));
    return order;
  }

  private int positives(int patient, int label) {
    return (int)
        Arrays.stream(patients.get(patient)).filter(i -> labels.values()[i][label] == 1).count();
  }

  private boolean isHealthy(int patient) {
    return Arrays.stream(patients.get(patient))
        .allMatch(i -> Arrays.stream(labels.values()[i]).noneMatch(v -> v == 1));
  }
}
