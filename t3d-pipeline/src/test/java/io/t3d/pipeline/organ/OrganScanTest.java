package io.t3d.pipeline.organ;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.OrganVit3dConfig.Window;
import io.t3d.core.config.Size3;
import io.t3d.core.file.Safetensors;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.prepare.Recipe;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.ResampleGrid;
import io.t3d.pipeline.TestDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Windows about organs, against fVLM's own code on the files of {@code fvlm_goldens.py}. */
class OrganScanTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/published");

  private static final Window WINDOW =
      new Window(new Size3(5, 20, 20), new Size3(112, 256, 352), new Size3(112, 288, 352));

  private static final Size3 PATCH = new Size3(16, 16, 32);

  private static final Map<Integer, Byte> ORGANS =
      Map.of(10, (byte) 1, 14, (byte) 1, 51, (byte) 2, 61, (byte) 2, 15, (byte) 3, 52, (byte) 4);

  private static OrganScan kept() throws IOException {
    Preprocessing steps =
        Preprocessing.none()
            .withOrientation("LPS")
            .withSpacing(new Spacing(3, 1, 1))
            .withWindow(IntensityWindow.between(-1150, 350))
            .withRecipe(Recipe.defaults().withGrid(ResampleGrid.EXTENT_OF_HEADER));
    Volume volume = VolumeReaders.read(GOLDEN.resolve("fvlm-scan.nii.gz"));
    Volume labels = VolumeReaders.read(GOLDEN.resolve("fvlm-labels.nii.gz"));
    return OrganScan.prepared(steps, volume, labels, ORGANS).kept(WINDOW);
  }

  @Test
  void aWindowAboutAnOrganIsThatOfItsOwnCode() throws IOException {
    OrganScan kept = kept();
    assertThat(kept.holds(2)).isFalse();
    List<String> names = List.of("lung", "heart", "esophagus", "aorta");
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> expected =
          Safetensors.read(scope, GOLDEN.resolve("fvlm-expected.safetensors")).tensors();
      for (int organ : new int[] {0, 1, 3}) {
        String name = names.get(organ);
        OrganScan window = kept.about(organ, WINDOW, PATCH);
        Size3 size = window.size();
        assertThat(new long[] {size.depth(), size.height(), size.width()})
            .as(name)
            .containsExactly(expected.get(name + "_size").toLongArray());
        assertThat(Arrays.stream(window.patches(PATCH)).asLongStream().toArray())
            .as(name)
            .containsExactly(expected.get(name + "_patches").toLongArray());
        int labelled = 0;
        for (byte label : window.labels()) {
          labelled += label != 0 ? 1 : 0;
        }
        assertThat((long) labelled)
            .as(name)
            .isEqualTo(expected.get(name + "_labelled").toLongArray()[0]);
        long[] box = expected.get(name + "_box").toLongArray(); // first and behind the last voxel
        float[] image = expected.get(name + "_image").toFloatArray();
        int at = 0;
        for (int z = (int) box[0]; z < box[3]; z += 8) {
          for (int y = (int) box[1]; y < box[4]; y += 9) {
            for (int x = (int) box[2]; x < box[5]; x += 9) {
              assertThat(window.voxels()[(z * size.height() + y) * size.width() + x])
                  .isCloseTo(image[at++], within(1e-4f));
            }
          }
        }
        assertThat(at).isEqualTo(image.length).isGreaterThan(1000);
      }
    }
  }

  @Test
  void windowsOfManyBoxesAreThoseOfItsOwnCode() throws IOException {
    try (NDManager scope = TestDevice.manager()) {
      NDArray rows =
          Safetensors.read(scope, GOLDEN.resolve("fvlm-expected.safetensors"))
              .tensors()
              .get("windows");
      long[] all = rows.toLongArray();
      assertThat(all.length / 15).isGreaterThan(5);
      for (int i = 0; i < all.length; i += 15) {
        int[] row = Arrays.stream(all, i, i + 15).mapToInt(n -> (int) n).toArray();
        OrganWindow box =
            new OrganWindow(Arrays.copyOfRange(row, 3, 6), Arrays.copyOfRange(row, 6, 9));
        OrganWindow window = box.window(WINDOW, new Size3(row[0], row[1], row[2]));
        assertThat(window.from()).containsExactly(Arrays.copyOfRange(row, 9, 12));
        assertThat(window.to()).containsExactly(Arrays.copyOfRange(row, 12, 15));
      }
    }
  }

  @Test
  void aBoxHoldsAllVoxelsOfAnOrganAndIsEmptyWithoutOne() {
    byte[] labels = new byte[2 * 3 * 4];
    labels[1 * 12 + 1 * 4 + 3] = 2;
    labels[1 * 12 + 2 * 4 + 1] = 2;
    labels[0] = 1;
    Size3 size = new Size3(2, 3, 4);
    OrganWindow second = OrganWindow.about(labels, size, 2);
    assertThat(second.from()).containsExactly(1, 1, 1);
    assertThat(second.to()).containsExactly(2, 3, 4);
    assertThat(OrganWindow.about(labels, size, 0).from()).containsExactly(0, 0, 0);
    assertThat(OrganWindow.about(labels, size, 3).isEmpty()).isTrue();
  }
}
