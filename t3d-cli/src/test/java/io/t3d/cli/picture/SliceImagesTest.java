package io.t3d.cli.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Reorient;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SliceImagesTest {
  private static final IntensityWindow WINDOW = new IntensityWindow(0.5, 1);

  /** Bright where world x, y and z are all positive: right, anterior, superior. */
  private static Volume corner() {
    Affine centred = Affine.scaleTranslate(1, 1, 2, -15.5, -15.5, -15);
    Volume v = new Volume(new float[16 * 32 * 32], 16, 32, 32, centred);
    for (int z = 8; z < 16; z++) {
      for (int y = 16; y < 32; y++) {
        for (int x = 16; x < 32; x++) {
          v.voxels()[v.index(z, y, x)] = 1;
        }
      }
    }
    return v;
  }

  @ParameterizedTest
  @ValueSource(strings = {"RAS", "LPS", "SLA", "PIR"})
  void rightIsLeftAndTheRestFollows(String stored) {
    Volume v = new Reorient(stored).apply(corner());
    BufferedImage image = SliceImages.montage(v, WINDOW, v);
    assertThat(image.getWidth()).isEqualTo(3 * 256 + 8);
    assertThat(image.getHeight()).isEqualTo(256);
    for (int tile = 0; tile < 3; tile++) {
      int x = tile * 260;
      assertThat(red(image, x + 64, 64)).as("tile %d, upper left", tile).isGreaterThan(200);
      assertThat(red(image, x + 192, 64)).as("tile %d, upper right", tile).isZero();
      assertThat(red(image, x + 64, 192)).as("tile %d, lower left", tile).isZero();
    }
  }

  @Test
  void moreHeatIsLighterAndYellower() throws IOException {
    Volume dark = corner().withVoxels(new float[16 * 32 * 32]);
    float[] heat = new float[16 * 32 * 32];
    for (int i = 0; i < heat.length; i++) {
      heat[i] = (i % 32) / 31f; // grows with x, towards the patient's right
    }
    byte[] png = SliceImages.heatPng(dark, WINDOW, dark.withVoxels(heat));
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    int most = image.getRGB(2, 128);
    int some = image.getRGB(128, 128);
    int least = image.getRGB(253, 128);
    assertThat(most >> 8 & 0xff).isGreaterThan(some >> 8 & 0xff); // green
    assertThat(some >> 16 & 0xff).isGreaterThan(least >> 16 & 0xff); // red
    assertThat(least & 0xff).isGreaterThan(least >> 16 & 0xff); // violet

    assertThatThrownBy(
            () ->
                SliceImages.heatPng(dark, WINDOW, new Volume(new float[1], 1, 1, 1, dark.affine())))
        .hasMessageContaining("volume's size");
  }

  @Test
  void theMaskIsRedAndTheRestGrey() {
    Volume v = corner();
    int plain = SliceImages.montage(v, WINDOW, v.withVoxels(new float[16 * 32 * 32])).getRGB(0, 0);
    assertThat(plain >> 16 & 0xff).isEqualTo(plain & 0xff);
    int marked = SliceImages.montage(v, WINDOW, v).getRGB(64, 64);
    assertThat(marked >> 16 & 0xff).isGreaterThan(marked & 0xff);
  }

  @Test
  void thePngHasTheAspectOfThePatient() throws IOException {
    Affine thick = Affine.of(new Spacing(8, 1, 1));
    Volume v = new Volume(new float[4 * 16 * 64], 4, 16, 64, thick);
    BufferedImage image =
        ImageIO.read(new ByteArrayInputStream(SliceImages.png(v, IntensityWindow.chest())));
    // 64 x 16, 64 x 32 and 16 x 32 mm at 4 pixels per mm.
    assertThat(image.getWidth()).isEqualTo(256 + 4 + 256 + 4 + 64);
    assertThat(image.getHeight()).isEqualTo(128);
  }

  @Test
  void rowsOfSlicesGoFromOneEndOfTheVolumeToTheOther() {
    BufferedImage image = SliceImages.montage(corner(), WINDOW, Optional.empty(), 2);
    assertThat(image.getHeight()).isEqualTo(256 + 4 + 256);
    // Cuts at a quarter miss the bright corner, those at three quarters meet it.
    for (int tile = 0; tile < 3; tile++) {
      assertThat(red(image, tile * 260 + 64, 64)).as("tile %d, first row", tile).isZero();
      assertThat(red(image, tile * 260 + 64, 260 + 64))
          .as("tile %d, second row", tile)
          .isEqualTo(255);
    }
  }

  @Test
  void rowsOfSlicesStayWithinTheMask() {
    Volume v = corner();
    BufferedImage image = SliceImages.montage(v, WINDOW, Optional.of(v), 3);
    for (int row = 0; row < 3; row++) {
      for (int tile = 0; tile < 3; tile++) {
        assertThat(red(image, tile * 260 + 64, row * 260 + 64))
            .as("row %d, tile %d", row, tile)
            .isEqualTo(255);
      }
    }
  }

  @Test
  void labelsHaveColoursOfTheirOwn() {
    Volume v = corner();
    float[] second = v.voxels().clone();
    for (int i = 0; i < second.length; i++) {
      second[i] *= 2;
    }
    int red = SliceImages.montage(v, WINDOW, v).getRGB(64, 64);
    int blue = SliceImages.montage(v, WINDOW, v.withVoxels(second)).getRGB(64, 64);
    assertThat(red >> 16 & 0xff).isGreaterThan(red & 0xff);
    assertThat(blue & 0xff).isGreaterThan(blue >> 16 & 0xff);
  }

  @Test
  void noRowsAreRefused() {
    assertThatThrownBy(() -> SliceImages.montage(corner(), WINDOW, Optional.empty(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("slices must be >= 1, got 0");
  }

  @Test
  void aMaskOfAnotherSizeIsRefused() {
    Volume mask = new Volume(new float[1], 1, 1, 1, Affine.identity());
    assertThatThrownBy(() -> SliceImages.png(corner(), WINDOW, mask))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("The mask must have the volume's size");
  }

  private static int red(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) >> 16 & 0xff;
  }
}
