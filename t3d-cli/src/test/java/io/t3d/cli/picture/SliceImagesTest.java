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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SliceImagesTest {
  private static final IntensityWindow WINDOW = new IntensityWindow(0.5, 1);
  private static final int TILE = SliceImages.SHORTEST_SIDE;
  private static final int NEXT = TILE + SliceImages.GAP;

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
    BufferedImage image = SliceImages.of(v, WINDOW).mask(v, List.of("corner")).image();
    assertThat(image.getWidth()).isEqualTo(3 * TILE + 2 * SliceImages.GAP);
    for (int line = 0; line < 2; line++) { // the plain slices, and those with the outline
      int y = line * NEXT;
      for (int tile = 0; tile < 3; tile++) {
        int x = tile * NEXT;
        assertThat(red(image, x + 75, y + 75)).as("tile %d, upper left", tile).isGreaterThan(150);
        assertThat(red(image, x + 225, y + 75)).as("tile %d, upper right", tile).isZero();
        assertThat(red(image, x + 75, y + 225)).as("tile %d, lower left", tile).isZero();
      }
    }
  }

  @Test
  void thePlainSlicesStandBesideTheOutlinedOnesAndTheFillIsFaint() {
    Volume v = corner();
    BufferedImage image = SliceImages.of(v, WINDOW).mask(v, List.of("corner")).image();
    int plain = image.getRGB(75, 75);
    assertThat(plain & 0xffffff).isEqualTo(0xffffff);
    int filled = image.getRGB(75, NEXT + 75);
    // Red over white with at most 30 %: blue keeps at least 70 %.
    assertThat(filled >> 16 & 0xff).isGreaterThan(250);
    assertThat(filled & 0xff).isBetween((int) (0.7 * 255), 254);
    // Somewhere on the way out of the mask lies a line of its full colour.
    boolean line = false;
    for (int x = 100; x < 200; x++) {
      line |= (image.getRGB(x, NEXT + 75) & 0xffffff) == 0xff4030;
    }
    assertThat(line).as("an outline in full colour").isTrue();
  }

  @Test
  void moreHeatIsLighterAndYellower() throws IOException {
    Volume dark = corner().withVoxels(new float[16 * 32 * 32]);
    float[] heat = new float[16 * 32 * 32];
    for (int i = 0; i < heat.length; i++) {
      heat[i] = (i % 32) / 31f; // grows with x, towards the patient's right
    }
    byte[] png = SliceImages.of(dark, WINDOW).heat(dark.withVoxels(heat), "x").png();
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    int most = image.getRGB(2, NEXT + 200);
    int some = image.getRGB(150, NEXT + 200);
    int least = image.getRGB(297, NEXT + 200);
    assertThat(most >> 8 & 0xff).isGreaterThan(some >> 8 & 0xff); // green
    assertThat(some >> 16 & 0xff).isGreaterThan(least >> 16 & 0xff); // red
    assertThat(least & 0xff).isGreaterThan(least >> 16 & 0xff); // violet
    assertThat(most >> 16 & 0xff).as("at most 30 %% over black").isLessThanOrEqualTo(77);
  }

  @Test
  void slicesOfOneHaveTheAspectOfThePatientAndTheLegendStandsBelow() throws IOException {
    Affine thick = Affine.of(new Spacing(8, 1, 1));
    Volume v = new Volume(new float[4 * 16 * 64], 4, 16, 64, thick);
    BufferedImage image =
        ImageIO.read(new ByteArrayInputStream(SliceImages.of(v, IntensityWindow.chest()).png()));
    // 64 x 16, 64 x 32 and 16 x 32 mm at 720 / 64 pixels per mm: the longest side wins.
    assertThat(image.getWidth()).isEqualTo(720 + 4 + 720 + 4 + 180);
    assertThat(image.getHeight()).isEqualTo(360 + 4 + Lettering.LINE + 4);
  }

  @Test
  void rowsOfSlicesGoFromOneEndOfTheVolumeToTheOther() {
    BufferedImage image = SliceImages.of(corner(), WINDOW).rows(2).image();
    // Cuts at a quarter miss the bright corner, those at three quarters meet it.
    for (int tile = 0; tile < 3; tile++) {
      assertThat(red(image, tile * NEXT + 75, 75)).as("tile %d, first row", tile).isZero();
      assertThat(red(image, tile * NEXT + 75, NEXT + 75))
          .as("tile %d, second row", tile)
          .isEqualTo(255);
    }
  }

  @Test
  void rowsOfSlicesStayWithinTheMask() {
    Volume v = corner();
    BufferedImage image = SliceImages.of(v, WINDOW).mask(v, List.of()).rows(3).image();
    for (int row = 0; row < 3; row++) {
      for (int tile = 0; tile < 3; tile++) {
        assertThat(red(image, tile * NEXT + 75, 2 * row * NEXT + 75))
            .as("row %d, tile %d", row, tile)
            .isEqualTo(255);
      }
    }
  }

  @Test
  void theSliceIsTheOneThatShowsMostOfTheMask() {
    Volume v = corner();
    float[] mask = new float[v.voxels().length];
    mask[v.index(2, 4, 4)] = 1; // one voxel here, nine there
    for (int y = 20; y < 23; y++) {
      for (int x = 24; x < 27; x++) {
        mask[v.index(12, y, x)] = 1;
      }
    }
    var overlay = Optional.<Overlay>of(new Overlay.Labels(v.withVoxels(mask), List.of()));
    assertThat(SliceChoice.of(v, overlay, Plane.AXIAL, 0, 1)).isEqualTo(12);
    assertThat(SliceChoice.of(v, overlay, Plane.CORONAL, 0, 1)).isEqualTo(21);
    assertThat(SliceChoice.of(v, overlay, Plane.SAGITTAL, 0, 1)).isEqualTo(25);
    assertThat(SliceChoice.of(v, Optional.empty(), Plane.AXIAL, 0, 1)).isEqualTo(8);
  }

  @Test
  void aSmallStructureCountsAsMuchAsTheBodyAroundIt() {
    Volume v = corner();
    float[] mask = new float[v.voxels().length];
    Arrays.fill(mask, 1);
    for (int z = 2; z < 4; z++) {
      mask[v.index(z, 9, 7)] = 2;
    }
    var overlay = Optional.<Overlay>of(new Overlay.Labels(v.withVoxels(mask), List.of()));
    assertThat(SliceChoice.of(v, overlay, Plane.AXIAL, 0, 1)).isIn(2, 3);
    assertThat(SliceChoice.of(v, overlay, Plane.CORONAL, 0, 1)).isEqualTo(9);
    assertThat(SliceChoice.of(v, overlay, Plane.SAGITTAL, 0, 1)).isEqualTo(7);
  }

  @Test
  void aStructureOfOneVoxelIsSeen() {
    Volume v = new Volume(new float[64 * 64 * 64], 64, 64, 64, Affine.of(new Spacing(8, 8, 8)));
    float[] mask = new float[v.voxels().length];
    mask[v.index(30, 30, 30)] = 1;
    BufferedImage image =
        SliceImages.of(v, WINDOW).mask(v.withVoxels(mask), List.of("spot")).image();
    int marked = 0;
    for (int y = NEXT; y < NEXT + TILE; y++) {
      for (int x = 0; x < TILE; x++) {
        marked += (image.getRGB(x, y) & 0xffffff) == 0xff4030 ? 1 : 0;
      }
    }
    assertThat(marked).isPositive();
  }

  @Test
  void eachPlaneSaysWhereItLiesInThePatient() {
    Volume v = corner(); // voxel (z, y, x) lies at x - 15.5, y - 15.5, 2 z - 15
    assertThat(Plane.AXIAL.position(v, 12)).isEqualTo("axial, S 9 mm");
    assertThat(Plane.AXIAL.position(v, 0)).isEqualTo("axial, I 15 mm");
    assertThat(Plane.CORONAL.position(v, 31)).isEqualTo("coronal, A 16 mm");
    assertThat(Plane.SAGITTAL.position(v, 3)).isEqualTo("sagittal, L 12 mm");
    assertThat(Plane.AXIAL.edges()).isEqualTo("RLAP");
    assertThat(Plane.CORONAL.edges()).isEqualTo("RLSI");
    assertThat(Plane.SAGITTAL.edges()).isEqualTo("APSI");
  }

  @Test
  void labelsHaveColoursAndNamesOfTheirOwn() {
    Volume v = corner();
    float[] values = v.voxels().clone();
    for (int i = 0; i < values.length / 2; i++) {
      values[i] = i == 5 ? 1 : 0;
    }
    for (int i = values.length / 2; i < values.length; i++) {
      values[i] *= 9;
    }
    List<Overlay.Entry> legend =
        new Overlay.Labels(v.withVoxels(values), List.of("nodule")).legend();
    assertThat(legend).extracting(Overlay.Entry::name).containsExactly("nodule", "label 9");
    // The ninth has the first one's hue, lighter.
    assertThat(legend.get(0).rgb()).isNotEqualTo(legend.get(1).rgb());
  }

  @Test
  void lettersAreWrittenOnTheEdges() {
    Volume dark = corner().withVoxels(new float[16 * 32 * 32]);
    BufferedImage image = SliceImages.of(dark, WINDOW).image();
    boolean letter = false;
    for (int y = 140; y < 160; y++) {
      for (int x = 0; x < 20; x++) {
        letter |= red(image, x, y) > 200;
      }
    }
    assertThat(letter).as("an R at the left edge").isTrue();
  }

  @Test
  void noRowsAreRefused() {
    assertThatThrownBy(() -> SliceImages.of(corner(), WINDOW).rows(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("slices must be >= 1, got 0");
  }

  @Test
  void aMaskOfAnotherSizeIsRefused() {
    Volume mask = new Volume(new float[1], 1, 1, 1, Affine.identity());
    assertThatThrownBy(() -> SliceImages.of(corner(), WINDOW).mask(mask, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("The mask must have the volume's size");
  }

  private static int red(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) >> 16 & 0xff;
  }
}
