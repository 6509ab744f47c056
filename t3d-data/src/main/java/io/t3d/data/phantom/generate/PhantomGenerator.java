package io.t3d.data.phantom.generate;

import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.PhantomStudy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Makes phantom studies from seeds: the same seeds give the same voxels and the same report, on
 * every machine of one JDK. Thread-safe.
 */
public final class PhantomGenerator {
  private final PhantomConfig config;

  /** Takes the settings. */
  public PhantomGenerator(PhantomConfig config) {
    this.config = Objects.requireNonNull(config, "config");
  }

  /** A study of a patient of its own. */
  public PhantomStudy generate(long seed) {
    return generate(String.format("P%016x", seed), seed, seed);
  }

  /**
   * A study of a patient who may have several.
   *
   * @param patient the patient's id
   * @param patientSeed decides on the anatomy
   * @param studySeed decides on findings, position, breath, scanner and wording
   */
  public PhantomStudy generate(String patient, long patientSeed, long studySeed) {
    Physique physique = Physique.draw(new SplittableRandom(patientSeed));
    // Split once, so that a new draw in one stage leaves the others as they were.
    SplittableRandom seeds = new SplittableRandom(studySeed ^ 0x5DEECE66DL);
    SplittableRandom plan = seeds.split();
    SplittableRandom scan = seeds.split();
    SplittableRandom paint = seeds.split();
    SplittableRandom words = seeds.split();

    List<Finding> planned = FindingPlan.draw(config, physique, plan);
    Acquisition acquisition = Acquisition.draw(config, scan);
    Anatomy anatomy = new Anatomy(physique, acquisition.inspiration(), planned);
    Canvas canvas = new Canvas(acquisition);
    new OrganPainter(canvas, anatomy, acquisition).paint();
    List<Finding> findings = new FindingPainter(canvas, anatomy, acquisition, paint).paint(planned);
    Volume volume = canvas.volume();
    Scanner.scan(volume, acquisition);
    String report = new ReportWriter(words).write(findings, physique, acquisition);
    return new PhantomStudy(
        volume, canvas.maskVolume(), report, labels(findings), patient, findings);
  }

  private static Map<String, Boolean> labels(List<Finding> findings) {
    Map<String, Boolean> labels = new LinkedHashMap<>();
    for (FindingKind kind : FindingKind.values()) {
      labels.put(kind.label(), findings.stream().anyMatch(f -> f.kind() == kind));
    }
    return labels;
  }
}
