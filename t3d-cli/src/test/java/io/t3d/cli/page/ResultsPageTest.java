package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Structure;
import org.junit.jupiter.api.Test;

class ResultsPageTest {
  @Test
  void outlinesOfAPhantomAreNamedAfterItsStructures() {
    Structure[] all = Structure.values();
    float[] mask = new float[all.length];
    for (Structure s : all) {
      mask[s.ordinal()] = s.value();
    }
    float[] labels =
        ResultsPage.findings(new Volume(mask, 1, 1, mask.length, Affine.identity())).voxels();
    assertThat(labels[Structure.BACKGROUND.ordinal()]).isZero();
    assertThat(labels[Structure.LIVER.ordinal()]).isZero();
    assertThat(name(labels, Structure.NODULE)).isEqualTo("nodule");
    assertThat(name(labels, Structure.CALCIFICATION)).isEqualTo("calcification");
    assertThat(name(labels, Structure.ATELECTASIS)).isEqualTo("atelectasis");
  }

  private static String name(float[] labels, Structure structure) {
    return ResultsPage.FINDINGS.get((int) labels[structure.ordinal()] - 1);
  }
}
