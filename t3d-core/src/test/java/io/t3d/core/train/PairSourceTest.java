package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.model.T3DModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairSourceTest {
  private static final PairBatch ALL = SmallTraining.batch(0, 0, 7);

  private static List<String> patients(PairSource source, int epoch, int firstBatch) {
    List<String> out = new ArrayList<>();
    try (PairSource.Batches batches = source.epoch(epoch, firstBatch)) {
      batches.forEachRemaining(
          batch -> {
            for (int i = 0; i < batch.size(); i++) {
              int row = Integer.parseInt(batch.patientIds().get(i).substring(1));
              assertThat(batch.views().get(i)).isEqualTo(ALL.views().get(row));
              assertThat(batch.reports().get(i)).isEqualTo(ALL.reports().get(row));
              out.add(batch.patientIds().get(i));
            }
          });
    }
    return out;
  }

  @Test
  void anEpochHoldsEachPairAtMostOnceInAnOrderOfSeedAndEpoch() {
    PairSource source = PairSource.of(ALL, 3, 1);
    assertThat(source.batchesPerEpoch()).isEqualTo(2);
    List<String> first = patients(source, 0, 0);
    assertThat(first).hasSize(6).doesNotHaveDuplicates().isSubsetOf(ALL.patientIds());
    assertThat(patients(PairSource.of(ALL, 3, 1), 0, 0)).isEqualTo(first);
    assertThat(patients(source, 0, 1)).isEqualTo(first.subList(3, 6));
    assertThat(patients(source, 1, 0)).isNotEqualTo(first);
    assertThat(patients(PairSource.of(ALL, 3, 2), 0, 0)).isNotEqualTo(first);
  }

  @Test
  void workersShareEachBatch() {
    PairSource source = PairSource.of(ALL, 6, 1);
    List<String> whole = patients(source, 3, 0);
    List<String> shared = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      PairSource own = source.ofWorker(rank, 3);
      assertThat(own.batchesPerEpoch()).isEqualTo(1);
      assertThat(patients(own, 3, 0)).hasSize(2);
      shared.addAll(patients(own, 3, 0));
    }
    assertThat(shared).isEqualTo(whole);
    assertThatThrownBy(() -> patients(source.ofWorker(0, 4), 0, 0))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("must be a multiple of the 4 workers, got 6");
  }

  @Test
  void aModelTrainsOnListsOfViewsAndReports(@TempDir Path out) throws IOException {
    PairSource source = PairSource.of(ALL.views(), ALL.reports(), 4, 5);
    try (PairSource.Batches batches = source.epoch(0, 0)) {
      assertThat(batches.next().patientIds()).hasSize(4).doesNotHaveDuplicates();
    }
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      TrainingSummary summary =
          Pretrainer.builder(model, (o, ids) -> SmallTraining.contrast(o), source)
              .config(SmallTraining.settings().build())
              .out(out)
              .build()
              .run();
      assertThat(summary.steps()).isEqualTo(2);
      assertThat(summary.lastLoss()).isFinite();
    }
  }

  @Test
  void aSourceThatEndsItsEpochEarlyIsToldWhatItPromised(@TempDir Path out) {
    PairSource one = PairSource.of(ALL.views().subList(0, 4), ALL.reports().subList(0, 4), 4, 5);
    PairSource promisesThree =
        new PairSource() {
          @Override
          public int batchesPerEpoch() {
            return 3;
          }

          @Override
          public Batches epoch(int epoch, int firstBatch) {
            return one.epoch(epoch, firstBatch);
          }
        };
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      Pretrainer pretrainer =
          Pretrainer.builder(model, (o, ids) -> SmallTraining.contrast(o), promisesThree)
              .config(SmallTraining.settings().build())
              .out(out)
              .build();
      assertThatThrownBy(pretrainer::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("The source ended its epoch early")
          .hasMessageContaining("batchesPerEpoch()");
    }
  }

  @Test
  void fewerPairsThanABatchAreAnError() {
    assertThatThrownBy(() -> PairSource.of(ALL, 8, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batchSize must be 1 to the number of pairs, 7, got 8");
  }
}
