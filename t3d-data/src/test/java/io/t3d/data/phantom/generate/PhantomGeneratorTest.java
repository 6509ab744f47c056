package io.t3d.data.phantom.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.PhantomStudy;
import io.t3d.data.phantom.Side;
import io.t3d.data.phantom.Structure;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PhantomGeneratorTest {
  private final PhantomGenerator generator = new PhantomGenerator(PhantomConfig.standard());

  @Test
  void theSameSeedGivesTheSameStudy() {
    PhantomStudy first = generator.generate(7);
    PhantomStudy again = new PhantomGenerator(PhantomConfig.standard()).generate(7);
    assertThat(again.volume().voxels()).isEqualTo(first.volume().voxels());
    assertThat(again.mask().voxels()).isEqualTo(first.mask().voxels());
    assertThat(again.volume().affine()).isEqualTo(first.volume().affine());
    assertThat(again.report()).isEqualTo(first.report());
    assertThat(again.findings()).isEqualTo(first.findings());
  }

  @Test
  void anotherSeedGivesAnotherStudy() {
    assertThat(generator.generate(8).report()).isNotEqualTo(generator.generate(7).report());
  }

  @Test
  void twoStudiesOfAPatientShareTheAnatomyButNotTheScan() {
    PhantomConfig healthy = PhantomConfig.standard().withPrevalence(Map.of());
    PhantomGenerator plain = new PhantomGenerator(healthy);
    PhantomStudy first = plain.generate("A", 3, 1);
    PhantomStudy second = plain.generate("A", 3, 2);
    assertThat(second.volume().voxels()).isNotEqualTo(first.volume().voxels());
    assertThat(volumeOf(second, Structure.HEART) / volumeOf(first, Structure.HEART))
        .isCloseTo(1, within(0.12));
  }

  @Test
  void organsHaveTheirAttenuation() {
    PhantomConfig clean = new PhantomConfig(5.5, 5.5, 10, 0, List.of("RAS"), Map.of());
    PhantomStudy study = new PhantomGenerator(clean).generate(11);
    assertThat(medianHu(study, Structure.RIGHT_UPPER_LOBE)).isBetween(-920.0, -680.0);
    assertThat(medianHu(study, Structure.LEFT_LOWER_LOBE)).isBetween(-920.0, -640.0);
    assertThat(medianHu(study, Structure.LIVER)).isBetween(40.0, 140.0);
    assertThat(medianHu(study, Structure.HEART)).isBetween(30.0, 200.0);
    assertThat(medianHu(study, Structure.AORTA)).isBetween(30.0, 240.0);
    assertThat(medianHu(study, Structure.BACKGROUND)).isBetween(-1024.0, -980.0);
    assertThat(medianHu(study, Structure.BONE)).isBetween(100.0, 600.0);
    assertThat(medianHu(study, Structure.BODY)).isBetween(-110.0, 70.0);
  }

  @Test
  void valuesAreWholeAndWithinTheRangeOfCt() {
    for (float hu : generator.generate(5).volume().voxels()) {
      assertThat(hu == Math.rint(hu) && hu >= -1024 && hu <= 3071).isTrue();
    }
  }

  @Test
  void theHeartLiesLeftAndTheLiverRightInEveryOrientation() {
    Set<String> seen = new HashSet<>();
    for (int seed = 0; seed < 24; seed++) {
      PhantomStudy study = generator.generate(seed);
      seen.add(study.volume().orientation());
      double spine = centroid(study, Structure.BONE)[0];
      assertThat(centroid(study, Structure.HEART)[0]).as("heart, x").isLessThan(spine);
      assertThat(centroid(study, Structure.LIVER)[0]).as("liver, x").isGreaterThan(spine);
      assertThat(centroid(study, Structure.LIVER)[2])
          .isLessThan(centroid(study, Structure.HEART)[2]);
      assertThat(centroid(study, Structure.HEART)[1])
          .as("the heart lies before the descending aorta's neighbourhood")
          .isGreaterThan(centroid(study, Structure.LEFT_LOWER_LOBE)[1]);
    }
    assertThat(seen).hasSizeGreaterThan(3);
  }

  @Test
  void theMaskHasTheVolumesGeometry() {
    PhantomStudy study = generator.generate(21);
    assertThat(study.mask().affine()).isEqualTo(study.volume().affine());
    assertThat(study.mask().bounds()).isEqualTo(study.volume().bounds());
  }

  @ParameterizedTest
  @EnumSource(FindingKind.class)
  void aFindingThatIsPresentIsInTheMaskAndTheLabels(FindingKind kind) {
    PhantomGenerator only = certain(kind);
    for (int seed = 0; seed < 6; seed++) {
      PhantomStudy study = only.generate(seed);
      assertThat(study.labels()).containsEntry(kind.label(), true);
      assertThat(study.labels().values().stream().filter(v -> v)).hasSize(1);
      if (kind != FindingKind.CARDIOMEGALY) {
        Structure structure = Structure.valueOf(kind.name());
        assertThat(count(study, structure)).as("%s, seed %s", kind, seed).isGreaterThan(20);
      }
    }
  }

  @Test
  void aHealthyPhantomHasNoFindingInTheMask() {
    PhantomStudy study =
        new PhantomGenerator(PhantomConfig.standard().withPrevalence(Map.of())).generate(2);
    assertThat(study.findings()).isEmpty();
    for (Structure s : Structure.values()) {
      if (s.value() >= Structure.NODULE.value()) {
        assertThat(count(study, s)).as(s.name()).isZero();
      }
    }
  }

  @Test
  void noduleVoxelsMakeUpTheSpheresOfTheFindings() {
    for (int seed = 0; seed < 12; seed++) {
      PhantomStudy study = certain(FindingKind.NODULE).generate(seed);
      double expected =
          study.findings().stream().mapToDouble(f -> Math.PI / 6 * Math.pow(f.sizeMm(), 3)).sum();
      assertThat(volumeOf(study, Structure.NODULE) / expected)
          .as("seed %s", seed)
          .isBetween(0.6, 1.25);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = FindingKind.class,
      names = {"NODULE", "PLEURAL_EFFUSION", "CONSOLIDATION", "PNEUMOTHORAX", "ATELECTASIS"})
  void aFindingLiesOnTheSideThatItStates(FindingKind kind) {
    Structure structure = Structure.valueOf(kind.name());
    for (int seed = 0; seed < 10; seed++) {
      PhantomStudy study = certain(kind).generate(seed);
      double spine = centroid(study, Structure.BONE)[0];
      Set<Side> sides = new HashSet<>();
      study.findings().forEach(f -> sides.add(f.side()));
      if (sides.size() == 1) {
        double x = centroid(study, structure)[0] - spine;
        assertThat(x * sides.iterator().next().sign()).as("seed %s", seed).isPositive();
      }
      for (Finding f : study.findings()) {
        assertThat((f.center().x() - spine) * f.side().sign()).isPositive();
      }
    }
  }

  @Test
  void fluidLiesAtTheBackAndAirAtTheFront() {
    PhantomStudy wet = certain(FindingKind.PLEURAL_EFFUSION).generate(4);
    PhantomStudy airy = certain(FindingKind.PNEUMOTHORAX).generate(4);
    double heart = centroid(wet, Structure.HEART)[1];
    assertThat(centroid(wet, Structure.PLEURAL_EFFUSION)[1]).isLessThan(heart);
    assertThat(centroid(airy, Structure.PNEUMOTHORAX)[1])
        .isGreaterThan(centroid(airy, Structure.BONE)[1]);
  }

  @Test
  void cardiomegalyWidensTheHeartOfTheSamePatient() {
    PhantomConfig none = PhantomConfig.standard().withPrevalence(Map.of());
    for (int seed = 0; seed < 8; seed++) {
      double healthy = volumeOf(new PhantomGenerator(none).generate(seed), Structure.HEART);
      double large = volumeOf(certain(FindingKind.CARDIOMEGALY).generate(seed), Structure.HEART);
      assertThat(large / healthy).as("seed %s", seed).isGreaterThan(1.25);
    }
  }

  @Test
  void prevalencesAreAsConfigured() {
    int studies = 150;
    int[] present = new int[FindingKind.values().length];
    for (int seed = 0; seed < studies; seed++) {
      Map<String, Boolean> labels = coarse().generate(seed).labels();
      for (FindingKind kind : FindingKind.values()) {
        present[kind.ordinal()] += labels.get(kind.label()) ? 1 : 0;
      }
    }
    for (FindingKind kind : FindingKind.values()) {
      // Four standard errors of a proportion.
      assertThat((double) present[kind.ordinal()] / studies)
          .as(kind.label())
          .isCloseTo(kind.prevalence(), within(4 * 0.5 / Math.sqrt(studies)));
    }
  }

  static PhantomGenerator coarse() {
    PhantomConfig s = PhantomConfig.standard();
    return new PhantomGenerator(
        new PhantomConfig(
            9, 10, s.maxNoise(), s.calibrationError(), s.orientations(), s.prevalence()));
  }

  private static PhantomGenerator certain(FindingKind kind) {
    return new PhantomGenerator(PhantomConfig.standard().withPrevalence(Map.of(kind, 1.0)));
  }

  private static int count(PhantomStudy study, Structure structure) {
    int count = 0;
    for (float value : study.mask().voxels()) {
      count += value == structure.value() ? 1 : 0;
    }
    return count;
  }

  private static double volumeOf(PhantomStudy study, Structure structure) {
    return count(study, structure) * Math.abs(study.mask().affine().determinant());
  }

  private static double medianHu(PhantomStudy study, Structure structure) {
    float[] mask = study.mask().voxels();
    float[] hu = study.volume().voxels();
    double[] values = new double[count(study, structure)];
    int n = 0;
    for (int i = 0; i < mask.length; i++) {
      if (mask[i] == structure.value()) {
        values[n++] = hu[i];
      }
    }
    Arrays.sort(values);
    return values[values.length / 2];
  }

  /** The world position of a structure's centre: by the affine alone, not by the generator. */
  private static double[] centroid(PhantomStudy study, Structure structure) {
    Volume mask = study.mask();
    Affine affine = mask.affine();
    double[] sum = new double[3];
    int count = 0;
    for (int z = 0; z < mask.depth(); z++) {
      for (int y = 0; y < mask.height(); y++) {
        for (int x = 0; x < mask.width(); x++) {
          if (mask.get(z, y, x) == structure.value()) {
            double[] p = affine.apply(x, y, z);
            for (int a = 0; a < 3; a++) {
              sum[a] += p[a];
            }
            count++;
          }
        }
      }
    }
    return new double[] {sum[0] / count, sum[1] / count, sum[2] / count};
  }
}
