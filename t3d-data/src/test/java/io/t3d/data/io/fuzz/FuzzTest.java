package io.t3d.data.io.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.io.fuzz.FuzzReport.Outcome;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages sound files of every format: readers must never crash, hang, guess or take memory that
 * the file cannot fill. {@code -Dt3d.fuzz.mutants=3000} tries so many per format instead of the few
 * that the build has time for, {@code -Dt3d.fuzz.seed} others.
 */
class FuzzTest {
  private static final Path KEEP = Path.of("target/fuzz");

  @TempDir Path dir;

  @Test
  void damagedNifti() throws Exception {
    fuzz(Corpus.nifti(), 2000);
  }

  @Test
  @Tag("itk")
  void damagedNrrd() throws Exception {
    fuzz(Corpus.nrrd(), 300);
  }

  @Test
  @Tag("itk")
  void damagedMetaImage() throws Exception {
    fuzz(Corpus.metaImage(), 300);
  }

  @Test
  @Tag("itk")
  void damagedDicomFolders() throws Exception {
    fuzz(Corpus.dicom(), 900);
  }

  @Test
  @Tag("itk")
  void damagedEnhancedDicom() throws Exception {
    fuzz(Corpus.enhancedDicom(), 100);
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

  private void fuzz(List<Sample> samples, int inBuild) throws Exception {
    int mutants = Integer.getInteger("t3d.fuzz.mutants", inBuild);
    try (Fuzzer fuzzer = new Fuzzer(dir, KEEP.resolve(samples.get(0).format()))) {
      fuzzer.run(samples, mutants, Long.getLong("t3d.fuzz.seed", 1));
      System.out.println(fuzzer.report());
      assertThat(fuzzer.report().broken()).isEmpty();
      assertThat(fuzzer.report().total()).isEqualTo(mutants);
      assertThat(fuzzer.report().count(Outcome.ACCEPTED)).isPositive();
      assertThat(fuzzer.report().count(Outcome.REFUSED)).isPositive();
    }
  }
}
