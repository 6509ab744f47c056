package io.t3d.data.phantom.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomStudy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The labels must not be readable from how bright a volume is. */
class GlobalIntensityProbeTest {
  private static final int STUDIES = 240;

  @Test
  void meanAndSpreadOfAllVoxelsTellLittle() {
    PhantomGenerator generator = PhantomGeneratorTest.coarse();
    List<PhantomStudy> studies = new ArrayList<>();
    double[][] features = new double[STUDIES][];
    for (int n = 0; n < STUDIES; n++) {
      studies.add(generator.generate(900 + n));
      features[n] = meanAndSpread(studies.get(n).volume().voxels());
    }
    double[] macro = new double[2];
    for (FindingKind kind : FindingKind.values()) {
      boolean[] truth = new boolean[STUDIES];
      for (int n = 0; n < STUDIES; n++) {
        truth[n] = studies.get(n).labels().get(kind.label());
      }
      for (int f = 0; f < 2; f++) {
        double auroc = auroc(features, f, truth);
        // The better direction, though a classifier would have to learn it.
        macro[f] += Math.max(auroc, 1 - auroc) / FindingKind.values().length;
      }
    }
    assertThat(macro[0]).as("macro AUROC of the mean").isLessThan(0.65);
    assertThat(macro[1]).as("macro AUROC of the standard deviation").isLessThan(0.65);
  }

  private static double[] meanAndSpread(float[] voxels) {
    double sum = 0;
    double squares = 0;
    for (float v : voxels) {
      sum += v;
      squares += (double) v * v;
    }
    double mean = sum / voxels.length;
    return new double[] {mean, Math.sqrt(squares / voxels.length - mean * mean)};
  }

  private static double auroc(double[][] features, int f, boolean[] truth) {
    double wins = 0;
    long pairs = 0;
    for (int p = 0; p < truth.length; p++) {
      for (int q = 0; q < truth.length; q++) {
        if (truth[p] && !truth[q]) {
          pairs++;
          wins += features[p][f] > features[q][f] ? 1 : features[p][f] == features[q][f] ? 0.5 : 0;
        }
      }
    }
    return wins / pairs;
  }
}
