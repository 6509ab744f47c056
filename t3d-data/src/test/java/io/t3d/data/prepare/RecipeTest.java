package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.OrientAndResample;
import io.t3d.data.transform.OriginalGrid;
import io.t3d.data.transform.ResampleGrid;
import io.t3d.data.transform.ResampleTo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Details of published preparations; CT-CLIP's own code is the referee of t3d-pipeline's tests. */
class RecipeTest {
  private static final Preprocessing TO_2_MM =
      Preprocessing.none().withOrientation("RAS").withSpacing(new Spacing(1, 1, 2));

  /** Values 0, 10, 20, … along x, 1 mm. */
  private static Volume ramp(int n) {
    float[] voxels = new float[n];
    for (int i = 0; i < n; i++) {
      voxels[i] = 10 * i;
    }
    return new Volume(voxels, 1, 1, n, Affine.identity());
  }

  @Test
  void ourOwnWayIsNotWrittenAndKeysThatAreLeftOutAreItsOwn() {
    assertThat(Configs.toJson(Preprocessing.chestCt())).doesNotContain("recipe");
    String json = Configs.toJson(Preprocessing.ctClipPublished());
    assertThat(Configs.fromJson(json, Preprocessing.class))
        .isEqualTo(Preprocessing.ctClipPublished());
    Preprocessing some =
        Configs.fromYaml("preset: chestCt\nrecipe: {windowFirst: true}\n", Preprocessing.class);
    assertThat(some.recipe()).contains(Recipe.defaults().withWindowFirst());
    assertThatThrownBy(() -> Recipe.defaults().withScale(0, 1)).hasMessageContaining("factor");
  }

  @Test
  void theFirstVoxelStaysWhereThatIsTheGrid() {
    Preprocessing steps = TO_2_MM.withRecipe(Recipe.defaults().withGrid(ResampleGrid.FIRST_VOXEL));
    Volume v = steps.apply(ramp(8)); // round(7 / 2 + 1) = 4 (half to even: 4.5)
    assertThat(v.voxels()).containsExactly(0, 20, 40, 60);
    assertThat(v.affine().apply(0, 0, 0)[0]).isZero();
    assertThat(v.spacing().x()).isEqualTo(2);
  }

  @Test
  void theOuterCornersStayAndSizesAreRoundedDownWhereThatIsTheGrid() {
    Preprocessing steps =
        Preprocessing.none()
            .withSpacing(new Spacing(1, 1, 1.5))
            .withRecipe(Recipe.defaults().withGrid(ResampleGrid.EXTENT));
    Volume v = steps.apply(ramp(8)); // 5.33 voxels: 5 of 1.6 mm
    assertThat(v.width()).isEqualTo(5);
    assertThat(v.voxels()).containsExactly(new float[] {3, 19, 35, 51, 67}, within(1e-4f));
    assertThat(v.spacing().x()).isEqualTo(1.6);
    // int(300 * (0.7 / 0.75)) is 279 in Python, and float32's 0.7 is no other spacing.
    Volume rounded =
        new Volume(new float[300], 1, 1, 300, Affine.scaleTranslate(0.7f, 1, 1, 0, 0, 0));
    assertThat((int) (300 * (0.7 / 0.75))).isEqualTo(279);
    Spacing wanted = new Spacing(1, 1, 0.75);
    assertThat(steps.withSpacing(wanted).apply(rounded).width()).isEqualTo(279);
  }

  @Test
  void aHeadersSpacingIsTakenToItsLastBitWhereThatIsTheGrid() {
    // Python: int(80 * float(numpy.float32(4.1)) / 1.0) is 327, int(80 * 4.1) is 328.
    Volume v = new Volume(new float[80], 1, 1, 80, Affine.scaleTranslate(4.1f, 1, 1, 0, 0, 0));
    Preprocessing steps = Preprocessing.none().withSpacing(Spacing.isotropic(1));
    Recipe recipe = Recipe.defaults();
    assertThat(steps.withRecipe(recipe.withGrid(ResampleGrid.EXTENT_OF_HEADER)).apply(v).width())
        .isEqualTo(327);
    assertThat(steps.withRecipe(recipe.withGrid(ResampleGrid.EXTENT)).apply(v).width())
        .isEqualTo(328);
  }

  @Test
  void theWindowComesFirstWhereTheRecipeSaysSoInFilesToo(@TempDir Path dir) throws IOException {
    Volume edge = new Volume(new float[] {0, 0, 3000, 3000}, 1, 1, 4, Affine.identity());
    Preprocessing after =
        Preprocessing.none()
            .withSpacing(new Spacing(1, 1, 0.5))
            .withWindow(IntensityWindow.between(0, 1000));
    Preprocessing before = after.withRecipe(Recipe.defaults().withWindowFirst());
    assertThat(after.apply(edge).get(0, 0, 3)).isCloseTo(0.75f, within(1e-6f));
    assertThat(before.apply(edge).get(0, 0, 3)).isCloseTo(0.25f, within(1e-6f));
    Path file = dir.resolve("edge.nii");
    NiftiWriter.write(file, edge);
    assertThat(before.read(file).voxels()).isEqualTo(before.apply(edge).voxels());
  }

  @Test
  void valuesAreScaledAtTheEndPaddingAmongThem() {
    Preprocessing steps =
        Preprocessing.none()
            .withWindow(IntensityWindow.between(0, 100))
            .withSize(new Size3(1, 1, 6))
            .withRecipe(Recipe.defaults().withScale(2, -1));
    Volume scan = ramp(4);
    assertThat(steps.apply(scan).voxels())
        .containsExactly(new float[] {-1, -1, -0.8f, -0.6f, -0.4f, -1}, within(1e-6f));
    assertThat(scan.voxels()).containsExactly(0, 10, 20, 30);
  }

  @Test
  void theSizeMayBeReachedByResizing() {
    Size3 size = new Size3(1, 1, 3);
    Preprocessing steps =
        Preprocessing.none()
            .withSize(size)
            .withRecipe(Recipe.defaults().withFit(Recipe.Fit.RESIZE));
    Volume expected = new ResampleTo(size, Interpolation.LINEAR).apply(ramp(6));
    assertThat(steps.apply(ramp(6)).voxels()).isEqualTo(expected.voxels());
    assertThat(steps.apply(ramp(6)).affine()).isEqualTo(expected.affine());
  }

  @Test
  void masksAndScoresLieOnTheSameVoxels() {
    Preprocessing steps = TO_2_MM.withRecipe(Recipe.defaults().withGrid(ResampleGrid.FIRST_VOXEL));
    Volume scan = ramp(9);
    Volume prepared = steps.apply(scan); // 0, 20, 40, 60, 80
    Volume mask = scan.withVoxels(new float[] {0, 0, 1, 0, 1, 1, 1, 0, 2});
    assertThat(steps.applyToMask(mask).voxels()).containsExactly(0, 1, 1, 1, 2);
    assertThat(steps.applyToMask(mask).affine()).isEqualTo(prepared.affine());

    OrientAndResample there =
        new OrientAndResample(
            Optional.of("RAS"),
            Optional.of(new Spacing(1, 1, 2)),
            Interpolation.LINEAR,
            Optional.empty(),
            ResampleGrid.FIRST_VOXEL);
    OriginalGrid back = new OriginalGrid(scan, there);
    float[] logits = new float[10]; // of class 0: 35, of class 1: the value
    for (int i = 0; i < 5; i++) {
      logits[i] = 35;
      logits[5 + i] = prepared.voxels()[i];
    }
    back.slice(0, logits);
    assertThat(back.mask(c -> c).voxels()).containsExactly(0, 0, 0, 0, 1, 1, 1, 1, 1);
  }

  @Test
  void voxelsBecomeCubesOfTheSmallestSpacingWhereTheRecipeSaysSo(@TempDir Path dir)
      throws IOException {
    Preprocessing steps =
        Preprocessing.none().withRecipe(Recipe.defaults().withFinestSpacing(0.75));
    Volume thick =
        new Volume(
            new float[] {0, 1, 2, 3, 10, 11, 12, 13}, 2, 2, 2, Affine.of(new Spacing(3, 1, 1)));
    Volume cubes = steps.apply(thick);
    assertThat(cubes.spacing()).isEqualTo(Spacing.isotropic(1));
    assertThat(new int[] {cubes.depth(), cubes.height(), cubes.width()}).containsExactly(6, 2, 2);
    Path file = dir.resolve("thick.nii");
    NiftiWriter.write(file, thick);
    assertThat(steps.read(file).voxels()).isEqualTo(cubes.voxels());
    assertThat(steps.applyToMask(thick).depth()).isEqualTo(6);

    Volume fine = new Volume(new float[8], 2, 2, 2, Affine.of(new Spacing(1, 0.5, 0.5)));
    assertThat(steps.spacingOf(fine.affine())).contains(Spacing.isotropic(0.75));
    Volume cubic = new Volume(new float[8], 2, 2, 2, Affine.of(Spacing.isotropic(0.5)));
    assertThat(steps.spacingOf(cubic.affine())).isEmpty();
    assertThat(steps.withSpacing(Spacing.isotropic(2)).spacingOf(fine.affine()))
        .contains(Spacing.isotropic(2));
    assertThat(Configs.fromJson(Configs.toJson(steps), Preprocessing.class)).isEqualTo(steps);
    assertThat(Configs.toJson(Preprocessing.ctClipPublished())).doesNotContain("finestSpacing");
    assertThatThrownBy(() -> Recipe.defaults().withFinestSpacing(0))
        .hasMessageContaining("Recipe.finestSpacing must be > 0");
  }
}
