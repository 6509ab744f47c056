package io.t3d.data.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** BIMCV-R, INSPECT and RAD-ChestCT. */
class OtherLayoutsTest {
  @TempDir Path root;

  @Test
  void bimcvRsPatientsAndScansAreReadFromThePaths() throws IOException {
    MiniSets.bimcvR(root);
    Reading reading = DatasetLayout.bimcvR().read(root);
    assertThat(reading.problems()).isEmpty();
    assertThat(reading.dropped()).isEmpty();
    assertThat(reading.studies()).hasSize(11);
    assertThat(reading.studies().get(0).patient())
        .isEqualTo("S0")
        .isEqualTo(reading.studies().get(10).patient());
    assertThat(reading.studies().get(10).scan()).isEqualTo("S0/E10");
    assertThat(reading.studies().get(0).report()).isEqualTo(MiniSets.report(100));
    assertThat(reading.studies()).allMatch(s -> s.split() == Split.UNASSIGNED);
  }

  @Test
  void aBimcvRRowWithoutASubjectIsAnError() throws IOException {
    MiniSets.text(
        root.resolve("curated_ct_report_path_En.csv"), "path,Report_en", "CT1/ct/scan7.nii.gz,x");
    assertThat(DatasetLayout.bimcvR().read(root).badRows())
        .containsExactly(
            "curated_ct_report_path_En.csv row 2: path must end with a .nii.gz and hold sub-…, from"
                + " which the patient is known; splits by patient need it");
  }

  @Test
  void aTableThatIsNotUtf8IsAProblem() throws IOException {
    Path table = root.resolve("curated_ct_report_path_En.csv");
    Files.write(
        table, "path,Report_en\nsub-1.nii.gz,Überblähung\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(DatasetLayout.bimcvR().read(root).problems())
        .containsExactly(table + " is not UTF-8; download it again");
  }

  @Test
  void inspectsTablesAreJoined() throws IOException {
    MiniSets.inspect(root);
    Reading reading = DatasetLayout.inspect().read(root);
    assertThat(reading.problems()).isEmpty();
    assertThat(reading.badRows()).isEmpty();
    assertThat(reading.dropped()).isEqualTo(Map.of(Drop.REPEATED, 1));
    Study first = reading.studies().get(0);
    assertThat(first.id()).isEqualTo("PE00.nii.gz");
    assertThat(first.patient()).isEqualTo("9000");
    assertThat(first.report()).isEqualTo("1. Acute embolism,\nright lower lobe.");
    assertThat(first.labels())
        .containsExactly(entry("pe_positive", true), entry("1_month_mortality", false));
    assertThat(reading.studies().get(1).labels()).isEqualTo(Map.of("pe_positive", false));
    assertThat(reading.studies())
        .extracting(Study::split)
        .containsExactly(Split.TRAIN, Split.VALIDATION, Split.TEST);
  }

  @Test
  void inspectsGapsAndErrorsAreTold() throws IOException {
    MiniSets.inspect(root);
    Path full = root.resolve("full");
    Files.delete(full.resolve("CTPA/PE00.nii.gz"));
    MiniSets.text(full.resolve("impressions_20250611.tsv"), "impression_id\timpressions", "72\tx");
    MiniSets.text(full.resolve("splits_20250611.tsv"), "impression_id\tsplit", "72\tdev");
    Reading reading = DatasetLayout.inspect().read(root);
    assertThat(reading.studies()).isEmpty();
    assertThat(reading.dropped()).isEqualTo(Map.of(Drop.NO_FILE, 1, Drop.NO_REPORT, 1));
    assertThat(reading.badRows())
        .containsExactly(
            "splits_20250611.tsv row 2: split must be train, valid or test, got \"dev\"",
            "study_mapping_20250611.tsv row 4: has no usable row in the table of splits");

    Files.delete(full.resolve("study_mapping_20250611.tsv"));
    assertThat(DatasetLayout.inspect().read(root).problems())
        .containsExactly(
            "no study_mapping_….tsv in "
                + root
                + " nor in its folder full; download it from Stanford AIMI");
  }

  @Test
  void radChestCtsLabelsAreJoinedOverLocationsAndThereIsNoReport() throws IOException {
    MiniSets.radChestCt(root);
    Reading reading = DatasetLayout.radChestCt().read(root);
    assertThat(reading.problems()).isEmpty();
    assertThat(reading.dropped()).isEmpty();
    assertThat(reading.studies()).allMatch(s -> s.report().isEmpty());
    assertThat(reading.studies())
        .extracting(Study::labels)
        .containsExactly(
            Map.of("nodule", true, "pleural effusion", false),
            Map.of("nodule", false, "pleural effusion", true),
            Map.of("nodule", false, "pleural effusion", false));
    assertThat(reading.studies()).extracting(Study::patient).containsExactly("A", "A", "B");
    assertThat(reading.studies())
        .extracting(Study::split)
        .containsExactly(Split.TRAIN, Split.TRAIN, Split.TEST);
  }

  @Test
  void aFindingIsAbsentOnlyWhereEveryLocationSaysSo() throws IOException {
    MiniSets.radChestCt(root);
    MiniSets.text(
        root.resolve("imgtrain_Abnormality_and_Location_Labels.csv"),
        "NoteAcc_DEID,nodule*left_upper,nodule*right_upper,pleural_effusion*other",
        "trn00001,0,,0",
        "trn00002,,1,");
    assertThat(DatasetLayout.radChestCt().read(root).studies())
        .extracting(Study::labels)
        .startsWith(Map.of("pleural effusion", false), Map.of("nodule", true));
  }

  @Test
  void radChestCtNeedsItsTables() throws IOException {
    assertThat(DatasetLayout.radChestCt().read(root).problems())
        .containsExactly(
            "no CT_Scan_Metadata_Complete_….csv in " + root + "; it tells the patients",
            "no img{train,valid,test}_Abnormality_and_Location_Labels.csv in "
                + root
                + "; download one from Zenodo");
    MiniSets.radChestCt(root);
    MiniSets.text(
        root.resolve("CT_Scan_Metadata_Complete_35747.csv"),
        "NoteAcc_DEID,MRN_DEID",
        "trn00001,A",
        "trn00002,A");
    assertThat(DatasetLayout.radChestCt().read(root).badRows())
        .containsExactly(
            "imgtest_Abnormality_and_Location_Labels.csv row 2: has no MRN_DEID in the metadata;"
                + " splits by patient need it");
  }
}
