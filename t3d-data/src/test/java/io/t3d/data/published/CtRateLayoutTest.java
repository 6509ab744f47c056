package io.t3d.data.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.t3d.core.volume.Spacing;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CtRateLayoutTest {
  @TempDir Path root;
  private Path dataset;

  @BeforeEach
  void makeTheSet() throws IOException {
    MiniSets.ctRate(root);
    dataset = root.resolve("dataset");
  }

  @Test
  void studiesOfBothSplitsAreRead() throws IOException {
    Reading reading = read();
    assertThat(reading.problems()).isEmpty();
    assertThat(reading.badRows()).isEmpty();
    assertThat(reading.dropped()).isEmpty();
    assertThat(reading.studies()).hasSize(4);
    Study first = reading.studies().get(0);
    assertThat(first.id()).isEqualTo("train_1_a_1.nii.gz");
    assertThat(first.patient()).isEqualTo("train_1");
    assertThat(first.scan()).isEqualTo("train_1_a").isEqualTo(reading.studies().get(1).scan());
    assertThat(first.volume()).isEqualTo(MiniSets.ctRateVolume(root, "train", "train_1_a_1"));
    assertThat(first.split()).isEqualTo(Split.TRAIN);
    assertThat(first.labels())
        .containsExactly(entry("Medical material", false), entry("Lung nodule", true));
    assertThat(reading.studies().get(2).labels()).isEqualTo(Map.of("Lung nodule", false));
    assertThat(reading.studies().get(3).split()).isEqualTo(Split.VALIDATION);
    assertThat(DatasetLayout.ctRate().read(dataset)).isEqualTo(reading);
  }

  @Test
  void aReportIsItsFindingsAndItsImpression() throws IOException {
    Reading reading = read();
    assertThat(reading.studies().get(0).report())
        .isEqualTo("Nodule, 6 mm.\nNo \"effusion\".\nNodule.");
    assertThat(reading.studies().get(2).report()).isEqualTo("Lungs are clear.");
  }

  @Test
  void theFirstReleaseIsCalibratedByTheMetadataAndTheSecondByItsHeader() throws IOException {
    Calibration table = new Calibration(0.5, -1024, Optional.of(new Spacing(1.5, 0.75, 0.8)));
    assertThat(read().studies()).allMatch(s -> s.calibration().equals(table));

    Files.move(dataset.resolve("train"), dataset.resolve("train_fixed"));
    Files.createDirectories(dataset.resolve("train")); // The second release goes before the first.
    Reading mixed = read();
    assertThat(mixed.studies()).hasSize(4);
    assertThat(mixed.studies().get(0).volume())
        .isEqualTo(MiniSets.ctRateVolume(root, "train_fixed", "train_1_a_1"));
    assertThat(mixed.studies())
        .allMatch(s -> s.calibration().isNone() == (s.split() == Split.TRAIN));

    assertThat(DatasetLayout.ctRate(DatasetLayout.CalibrationSource.METADATA).read(root).studies())
        .allMatch(s -> s.calibration().equals(table));
    assertThat(DatasetLayout.ctRate(DatasetLayout.CalibrationSource.HEADER).read(root).studies())
        .allMatch(s -> s.calibration().isNone());
  }

  @Test
  void whatIsUsuallyMissingIsCounted() throws IOException {
    Files.delete(MiniSets.ctRateVolume(root, "train", "train_1_a_2"));
    MiniSets.raw(MiniSets.ctRateVolume(root, "train", "train_7_a_1"), 7);
    MiniSets.text(dataset.resolve("metadata/no_chest_train.txt"), "train_2/train_2_a_1.nii.gz");
    MiniSets.text(
        dataset.resolve("radiology_text_reports/validation_reports.csv"),
        "VolumeName,Findings_EN,Impressions_EN",
        "valid_1_a_1.nii.gz,Not given.,");
    Reading reading = read();
    assertThat(reading.studies()).extracting(Study::id).containsExactly("train_1_a_1.nii.gz");
    assertThat(reading.badRows()).isEmpty();
    assertThat(reading.dropped())
        .isEqualTo(Map.of(Drop.NO_FILE, 1, Drop.NO_ROW, 1, Drop.NO_CHEST, 1, Drop.NO_REPORT, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Not given", "not given.", "NOT GIVEN.", "nan", "None", "\u00a0", "N/A"})
  void sectionsThatSayNothingAreLeftOut(String nothing) throws IOException {
    MiniSets.text(
        dataset.resolve("radiology_text_reports/validation_reports.csv"),
        "VolumeName,Findings_EN,Impressions_EN",
        "valid_1_a_1.nii.gz," + nothing + ",Clear.");
    assertThat(read().studies()).extracting(Study::report).contains("Clear.");
    MiniSets.text(
        dataset.resolve("radiology_text_reports/validation_reports.csv"),
        "VolumeName,Findings_EN,Impressions_EN",
        "valid_1_a_1.nii.gz," + nothing + "," + nothing);
    assertThat(read().dropped()).isEqualTo(Map.of(Drop.NO_REPORT, 1));
  }

  @Test
  void missingTablesAndMisspeltColumnsAreProblemsAllAtOnce() throws IOException {
    Path train = dataset.resolve("radiology_text_reports/train_reports.csv");
    MiniSets.text(train, "VolumeName,Finding_EN,Impressions_EN", "train_1_a_1.nii.gz,x,y");
    Path metadata = dataset.resolve("metadata/train_metadata.csv");
    Files.writeString(metadata, "");
    Files.delete(dataset.resolve("radiology_text_reports/validation_reports.csv"));
    assertThat(read().problems())
        .containsExactly(
            metadata + " is empty",
            train
                + ": column \"Findings_EN\" is missing; got VolumeName, Finding_EN, Impressions_EN;"
                + " is it \"Finding_EN\"? Rename it in the table",
            "no validation_reports.csv in "
                + dataset
                + " nor in its folders radiology_text_reports and metadata; download it");
  }

  @Test
  void rowsWithErrorsAreNamedByTableAndRow() throws IOException {
    MiniSets.text(
        dataset.resolve("radiology_text_reports/train_reports.csv"),
        "VolumeName,Findings_EN,Impressions_EN",
        "train_1_a_1.nii.gz,x,y",
        "train_1_a_1.nii.gz,x,y",
        "train_1_a_1.nii.gz,other,y",
        "valid_1_a_1.nii.gz,x,y",
        "train_1_a_2.nii.gz,x,y",
        "train_2_a_1.nii.gz,one, comma too many,y");
    MiniSets.text(
        dataset.resolve("multi_abnormality_labels/train_predicted_labels.csv"),
        "VolumeName,Lung nodule",
        "train_1_a_1.nii.gz,2",
        "train_1_a_2.nii.gz,maybe");
    MiniSets.text(
        dataset.resolve("metadata/train_metadata.csv"),
        "VolumeName,RescaleSlope,RescaleIntercept,XYSpacing,ZSpacing",
        "train_1_a_1.nii.gz,1,0,0.7,-1.5",
        "train_1_a_2.nii.gz,0,0,0.7,1.5");
    Reading reading = read();
    assertThat(reading.badRows())
        .containsExactly(
            "train_predicted_labels.csv row 2: column \"Lung nodule\" must be 0, 1, true, false,"
                + " censored or empty, got \"2\"",
            "train_predicted_labels.csv row 3: column \"Lung nodule\" must be 0, 1, true, false,"
                + " censored or empty, got \"maybe\"",
            "train_metadata.csv row 3: slope must be finite and not 0, got 0.0",
            "train_reports.csv row 4: contradicts row 2 on the same id",
            "train_reports.csv row 5: VolumeName must be like train_1_a_1.nii.gz; is the row"
                + " shifted?",
            "train_reports.csv row 6: has no usable row in train_metadata.csv, which holds its"
                + " slope",
            "train_reports.csv row 7: has 4 cells, expected 3");
    assertThat(reading.dropped()).containsEntry(Drop.REPEATED, 1);
    Study kept = reading.studies().get(0);
    assertThat(kept.labels()).isEmpty();
    assertThat(kept.calibration().spacing()).contains(new Spacing(1.5, 0.7, 0.7));
  }

  @Test
  void anotherFolderIsAProblem() throws IOException {
    Path empty = Files.createDirectory(root.resolve("empty"));
    assertThat(DatasetLayout.ctRate().read(empty).problems())
        .containsExactly(
            empty
                + " has none of the folders train, train_fixed, valid, valid_fixed; give CT-RATE's"
                + " folder dataset");
  }

  private Reading read() throws IOException {
    return DatasetLayout.ctRate().read(root);
  }
}
