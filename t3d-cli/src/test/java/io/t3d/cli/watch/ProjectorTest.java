package io.t3d.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProjectorTest {
  @TempDir Path folder;

  @Test
  void vectorsAndWhatIsToldOfThemAreRowsWithTabs() throws IOException {
    Projector.write(
        folder,
        new float[][] {{0.5f, -1e-6f}, {0.25f, 1f}},
        List.of("file", "nodule"),
        List.of(List.of("a\tb.nii", "true"), List.of("c.nii", "")));

    assertThat(folder.resolve("tensors.tsv"))
        .hasContent("0.5000000\t-1.000000e-06\n0.2500000\t1.000000\n");
    assertThat(folder.resolve("metadata.tsv")).hasContent("file\tnodule\na b.nii\ttrue\nc.nii\t\n");
    assertThat(folder.resolve("projector_config.pbtxt"))
        .content()
        .contains("tensor_path: \"tensors.tsv\"", "metadata_path: \"metadata.tsv\"");
  }

  @Test
  void aSingleColumnHasNoHeader() throws IOException {
    Projector.write(folder, new float[][] {{1}}, List.of("file"), List.of(List.of("a.nii")));
    assertThat(folder.resolve("metadata.tsv")).hasContent("a.nii\n");
  }

  @Test
  void rowsMustBeAsManyAsVectors() {
    assertThatThrownBy(
            () -> Projector.write(folder, new float[][] {{1}}, List.of("file"), List.of()))
        .hasMessageContaining("a row for each of the 1 vectors, got 1 columns, 0 rows");
  }
}
