package io.t3d.examples.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.eval.LabelMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BenchmarkTableTest {
  @Test
  void intervalsAreStudentsT() {
    // Mean 2, deviation 1, n = 3: 4.303 / √3.
    BenchmarkTable.Estimate e = BenchmarkTable.Estimate.of(List.of(1.0, 2.0, 3.0));
    assertThat(e.mean()).isEqualTo(2);
    assertThat(e.halfWidth()).isCloseTo(2.4843, within(1e-3));
    assertThat(BenchmarkTable.Estimate.of(List.of(0.5)).text()).isEqualTo("0.500");
  }

  @Test
  void gainsArePairedBySeedAndMissingSeedsAreSaid() {
    BenchmarkConfig smoke = BenchmarkConfig.smoke();
    List<Cell> cells = new ArrayList<>();
    for (long seed : smoke.seeds()) {
      cells.add(cell(Method.T3D, seed, 0.6 + seed / 10.0));
    }
    cells.add(cell(Method.CLIP, 2, 0.75));
    BenchmarkTable table = new BenchmarkTable(smoke, cells);
    assertThat(table.of(Method.T3D).get("zero-shot/AUROC").mean()).isCloseTo(0.75, within(1e-9));
    BenchmarkTable.Estimate gain = table.gainOver(Method.CLIP).get("zero-shot/AUROC");
    assertThat(gain.mean()).isCloseTo(0.05, within(1e-9));
    assertThat(gain.seeds()).isEqualTo(1);
    assertThat(table.markdown())
        .contains("| method | zero-shot: AUROC |")
        .contains("| CLIP | 0.750 (n=1) |")
        .contains("| T3D − CLIP | 0.050 (n=1) |")
        .contains("| SimCLR | – |");
  }

  private static Cell cell(Method method, long seed, double auroc) {
    return new Cell(method, seed, "zero-shot", Map.of("AUROC", auroc), List.of(), 1);
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
