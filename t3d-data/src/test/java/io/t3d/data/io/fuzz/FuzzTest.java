package io.t3d.data.io.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.io.fuzz.FuzzReport.Outcome;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages sound files of every format: readers must never crash, hang, guess or take memory that
 * the file cannot fill. {@code -Dt3d.fuzz.mutants=20000} tries more than the build does, {@code
 * -Dt3d.fuzz.seed} others.
 */
class FuzzTest {
  private static final Path KEEP = Path.of("target/fuzz");

  @TempDir Path dir;

  @Test
  void damagedFilesAreRefusedOrReadButNeverCrashHangOrGuess() throws Exception {
    int mutants = Integer.getInteger("t3d.fuzz.mutants", 3000);
    List<List<Sample>> corpus = Corpus.all();
    try (Fuzzer fuzzer = new Fuzzer(dir, KEEP)) {
      for (List<Sample> samples : corpus) {
        fuzzer.run(samples, mutants / corpus.size(), Long.getLong("t3d.fuzz.seed", 1));
      }
      System.out.println(fuzzer.report());
      assertThat(fuzzer.report().broken()).isEmpty();
      assertThat(fuzzer.report().count(Outcome.ACCEPTED)).isPositive();
      assertThat(fuzzer.report().count(Outcome.REFUSED)).isPositive();
    }
  }

  @Test
  void niftiCutAnywhereIsRefused() throws Exception {
    try (Fuzzer fuzzer = new Fuzzer(dir, KEEP)) {
      for (Sample sample : Corpus.nifti().subList(0, 4)) {
        for (Mutant cut : Mutations.allTruncations(sample)) {
          fuzzer.tryMutant(cut);
        }
      }
      assertThat(fuzzer.report().broken()).isEmpty();
      assertThat(fuzzer.report().count(Outcome.ACCEPTED)).isZero();
    }
  }
}
