package io.t3d.cli.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.cli.benchmark.measure.RocCurve;
import io.t3d.cli.benchmark.stats.Claim;
import io.t3d.cli.benchmark.stats.Estimate;
import io.t3d.core.eval.LabelMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BenchmarkTableTest {
  @Test
  void gainsArePairedByReplicateWithinTheSameSteps() {
    BenchmarkConfig smoke = BenchmarkConfig.smoke(); // steps 1 and 2, two replicates
    List<Cell> cells = new ArrayList<>();
    cells.add(cell(Method.T3D, 2, 1, 0.7));
    cells.add(cell(Method.T3D, 2, 2, 0.8));
    cells.add(cell(Method.CLIP, 2, 2, 0.75));
    cells.add(cell(Method.T3D, 1, 2, 0.6));
    cells.add(cell(Method.CLIP, 1, 2, 0.58));
    BenchmarkTable table = new BenchmarkTable(smoke, cells);
    assertThat(table.of(Method.T3D, 2).get("zero-shot/AUROC").mean()).isCloseTo(0.75, within(1e-9));
    Estimate gain = table.gainOver(Method.CLIP, 2).get("zero-shot/AUROC");
    assertThat(gain.mean()).isCloseTo(0.05, within(1e-9));
    assertThat(gain.replicates()).isEqualTo(1);
    assertThat(table.gainOfSteps(Method.CLIP).get("zero-shot/AUROC").mean())
        .isCloseTo(0.03, within(1e-9));
    assertThat(table.markdown())
        .contains("### 2 steps", "| method | zero-shot: AUROC |")
        .contains("| CLIP | 0.75 (n=1) |", "| T3D − CLIP | +0.05 (n=1) |")
        .contains(
            "| zero-shot AUROC is higher after 2 steps | +0.05 | – | open: 1 of 2 replicates |")
        .contains("How T3D's gain changes from 1 to 2 steps", "| T3D − CLIP | +0.03 (n=1) |")
        .doesNotContain("SimCLR");
  }

  @Test
  void claimsHaveVerdictsOnceAllReplicatesAreThere() {
    List<Cell> cells = new ArrayList<>();
    for (int replicate = 1; replicate <= 2; replicate++) {
      double gain = 0.1 + replicate / 1000.0;
      for (String task : List.of("zero-shot", "laterality", "token-probe")) {
        cells.add(cell(Method.CLIP, 2, replicate, task, Map.of("AUROC", 0.6)));
        cells.add(cell(Method.T3D, 2, replicate, task, Map.of("AUROC", 0.6 + gain)));
      }
      Map<String, Double> clip = Map.of("image→report R@5", 0.3, "report→image R@5", 0.3);
      Map<String, Double> t3d = Map.of("image→report R@5", 0.29, "report→image R@5", 0.2);
      cells.add(cell(Method.CLIP, 2, replicate, "retrieval", clip));
      cells.add(cell(Method.T3D, 2, replicate, "retrieval", t3d));
    }
    List<Claim> claims = new BenchmarkTable(BenchmarkConfig.smoke(), cells).claims();
    assertThat(claims)
        .extracting(Claim::verdict)
        .containsExactly("supported", "supported", "supported", "supported", "contradicted");
    // t = 0.1015 / 0.0005 with one degree of freedom, times three.
    assertThat(claims.get(0).adjusted())
        .isCloseTo(3 * (1 - 2 / Math.PI * Math.atan(203)), within(1e-9));
  }

  private static Cell cell(Method method, int steps, int replicate, double auroc) {
    return cell(method, steps, replicate, "zero-shot", Map.of("AUROC", auroc));
  }

  private static Cell cell(
      Method method, int steps, int replicate, String task, Map<String, Double> scores) {
    return new Cell(method, steps, replicate, task, scores, List.of(), 1);
  }

  @Test
  void rocCurvesRiseFromRandomToPerfect() {
    LabelMatrix truth =
        new LabelMatrix(List.of("a"), new double[][] {{1}, {1}, {0}, {0}, {Double.NaN}});
    List<Double> perfect = RocCurve.macro(truth, new double[][] {{4}, {3}, {2}, {1}, {9}});
    assertThat(perfect).hasSize(101).allMatch(v -> v == 1);
    List<Double> flat = RocCurve.macro(truth, new double[][] {{1}, {1}, {1}, {1}, {1}});
    assertThat(flat.get(99)).isZero();
    assertThat(flat.get(100)).isEqualTo(1);
    List<Double> half = RocCurve.macro(truth, new double[][] {{4}, {2}, {3}, {1}, {0}});
    assertThat(half.get(0)).isEqualTo(0.5);
    assertThat(half.get(49)).isEqualTo(0.5);
    assertThat(half.get(50)).isEqualTo(1);
  }
}
