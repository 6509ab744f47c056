package io.t3d.cli.benchmark.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.benchmark.measure.GalleryRetrieval.Both;
import java.util.List;
import org.junit.jupiter.api.Test;

class GalleryRetrievalTest {
  @Test
  void galleriesCompeteAloneTiesCountAgainstAndEqualReportsAreCorrect() {
    float[][] scores = {
      {1, 2, 9, 9},
      {0, 1, 9, 9},
      {9, 9, 5, 5},
      {9, 9, 5, 5}
    };
    List<String> reports = List.of("a", "b", "c", "d");
    Both two = GalleryRetrieval.evaluate(scores, reports, 2);
    // Volumes: ranks 2, 1 in the first gallery, 2, 2 by ties in the second.
    assertThat(two.imageToText().r1()).isEqualTo(0.25);
    assertThat(two.textToImage().r1()).isEqualTo(0.25); // reports: 1, 2, 2, 2
    assertThat(two.imageToText().queries()).isEqualTo(4);
    assertThat(GalleryRetrieval.evaluate(scores, reports, 3).imageToText().queries()).isEqualTo(3);
    Both equal = GalleryRetrieval.evaluate(scores, List.of("a", "a", "c", "c"), 2);
    assertThat(equal.textToImage().r5()).isEqualTo(1);
    assertThat(equal.imageToText().r1()).isEqualTo(1);
  }
}
