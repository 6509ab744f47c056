package io.t3d.data.published;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.PhantomStudy;
import io.t3d.data.phantom.generate.PhantomGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Miniature copies of the published layouts, made from phantoms of about 18³ voxels. */
public final class MiniSets {
  static final double SLOPE = 0.5;
  static final double INTERCEPT = -1024;

  private static final PhantomGenerator PHANTOMS =
      new PhantomGenerator(new PhantomConfig(18, 20, 20, 0, List.of("RAS"), Map.of()));

  private MiniSets() {}

  public static Volume phantom(long seed) {
    return PHANTOMS.generate(seed).volume();
  }

  static String report(long seed) {
    PhantomStudy study = PHANTOMS.generate(seed);
    return study.report();
  }

  /** A volume with the stored values and the wrong spacing of CT-RATE's first release. */
  static void raw(Path file, long seed) throws IOException {
    Volume hu = phantom(seed);
    float[] stored = new float[hu.voxels().length];
    for (int i = 0; i < stored.length; i++) {
      stored[i] = (float) ((hu.voxels()[i] - INTERCEPT) / SLOPE);
    }
    Affine wrong = Affine.of(Spacing.isotropic(1));
    write(file, new Volume(stored, hu.depth(), hu.height(), hu.width(), wrong));
  }

  public static void write(Path file, Volume volume) throws IOException {
    Files.createDirectories(file.getParent());
    NiftiWriter.write(file, volume);
  }

  public static void text(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", lines) + "\n");
  }

  static String quoted(String text) {
    return '"' + text.replace("\"", "\"\"") + '"';
  }

  public static Path ctRateVolume(Path root, String folder, String name) {
    String scan = name.substring(0, name.lastIndexOf('_'));
    String patient = scan.substring(0, scan.lastIndexOf('_'));
    return root.resolve("dataset")
        .resolve(folder)
        .resolve(patient)
        .resolve(scan)
        .resolve(name + ".nii.gz");
  }

  /** Patient train_1 with two reconstructions of one scan, train_2 and valid_1 with one. */
  public static void ctRate(Path root) throws IOException {
    raw(ctRateVolume(root, "train", "train_1_a_1"), 1);
    raw(ctRateVolume(root, "train", "train_1_a_2"), 11);
    raw(ctRateVolume(root, "train", "train_2_a_1"), 2);
    raw(ctRateVolume(root, "valid", "valid_1_a_1"), 3);
    Path d = root.resolve("dataset");
    String header = "VolumeName,ClinicalInformation_EN,Technique_EN,Findings_EN,Impressions_EN";
    text(
        d.resolve("radiology_text_reports/train_reports.csv"),
        "\uFEFF" + header,
        "train_1_a_1.nii.gz,cough,CT,\"Nodule, 6 mm.\nNo \"\"effusion\"\".\",Nodule.",
        "train_1_a_2.nii.gz,cough,CT,\"Nodule, 6 mm.\nNo \"\"effusion\"\".\",Nodule.",
        "train_2_a_1.nii.gz,,,Lungs are clear.,Not given.");
    text(
        d.resolve("radiology_text_reports/validation_reports.csv"),
        header,
        "valid_1_a_1.nii.gz,,,Lungs are clear.,Normal.");
    String labels = "VolumeName,Medical material,Lung nodule";
    text(
        d.resolve("multi_abnormality_labels/train_predicted_labels.csv"),
        labels,
        "train_1_a_1.nii.gz,0,1",
        "train_1_a_2.nii.gz,0,1",
        "train_2_a_1.nii.gz,,0");
    text(
        d.resolve("multi_abnormality_labels/valid_predicted_labels.csv"),
        labels,
        "valid_1_a_1.nii.gz,0,0");
    metadata(d, "train", "train_1_a_1", "train_1_a_2", "train_2_a_1");
    metadata(d, "validation", "valid_1_a_1");
  }

  private static void metadata(Path dataset, String split, String... names) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (String name : names) {
      rows.append('\n').append(name).append(".nii.gz,0.5,-1024,\"[0.75, 0.8]\",1.5");
    }
    text(
        dataset.resolve("metadata/" + split + "_metadata.csv"),
        "VolumeName,RescaleSlope,RescaleIntercept,XYSpacing,ZSpacing" + rows);
  }

  /** Ten patients with one scan each, S0 with two. */
  public static void bimcvR(Path root) throws IOException {
    StringBuilder rows = new StringBuilder("path,Report_en");
    for (int i = 0; i < 11; i++) {
      String name = "sub-S" + i % 10 + "_ses-E" + i + "_run-1_bp-chest_ct.nii.gz";
      write(root.resolve("CT1/ct").resolve(name), phantom(100 + i));
      rows.append("\n/h3c/CT1/ct/").append(name).append(',').append(quoted(report(100 + i)));
    }
    text(root.resolve("meta/curated_ct_report_path_En.csv"), rows.toString());
  }

  /** Three patients: train, valid, test. */
  public static void inspect(Path root) throws IOException {
    for (int i = 0; i < 3; i++) {
      write(root.resolve("full/CTPA/PE0" + i + ".nii.gz"), phantom(200 + i));
    }
    text(
        root.resolve("full/impressions_20250611.tsv"),
        "impression_id\timpressions",
        "70\t\"1. Acute embolism,\nright lower lobe.\"",
        "71\tNo embolism.",
        "72\tNo embolism.");
    text(
        root.resolve("full/study_mapping_20250611.tsv"),
        "impression_id\timage_id\tperson_id\tprocedure_DATETIME",
        "70\tPE00\t9000\t2010-01-01",
        "71\tPE01.nii.gz\t9001\t2010-01-01",
        "72\tPE02\t9002\t");
    text(
        root.resolve("full/splits_20250611.tsv"),
        "impression_id\tsplit",
        "70\ttrain",
        "71\tvalid",
        "71\tvalid",
        "72\ttest");
    text(
        root.resolve("full/labels_20250611.tsv"),
        "impression_id\tpe_positive\t1_month_mortality\tnote",
        "70\t1\tFalse\tx",
        "71\t0\tCensored\tx",
        "72\t0\tTrue\tx");
  }

  /** Three scans of two patients, in train and test. */
  public static void radChestCt(Path root) throws IOException {
    for (String id : List.of("trn00001", "trn00002", "tst00001")) {
      npz(root.resolve("images").resolve(id + ".npz"), id.hashCode());
    }
    String header = "NoteAcc_DEID,nodule*left_upper,nodule*right_upper,pleural_effusion*other";
    text(
        root.resolve("imgtrain_Abnormality_and_Location_Labels.csv"),
        header,
        "trn00001,0,1,0",
        "trn00002,0.0,0.0,1.0");
    text(root.resolve("imgtest_Abnormality_and_Location_Labels.csv"), header, "tst00001,0,0,0");
    text(
        root.resolve("CT_Scan_Metadata_Complete_35747.csv"),
        "NoteAcc_DEID,MRN_DEID",
        "trn00001,A",
        "trn00002,A",
        "tst00001,B");
  }

  /** An int16 volume of 4³ voxels in C order. */
  static void npz(Path file, int seed) throws IOException {
    Files.createDirectories(file.getParent());
    String dict = "{'descr': '<i2', 'fortran_order': False, 'shape': (4, 4, 4), }";
    byte[] header =
        (dict + " ".repeat(117 - dict.length()) + "\n").getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(10 + header.length + 128);
    bytes
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 0x93)
        .put("NUMPY".getBytes(StandardCharsets.UTF_8));
    bytes.put((byte) 1).put((byte) 0).putShort((short) header.length).put(header);
    for (int i = 0; i < 64; i++) {
      bytes.putShort((short) ((seed * 31 + i * 17) % 1000));
    }
    try (OutputStream raw = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(raw)) {
      zip.putNextEntry(new ZipEntry("ct.npy"));
      zip.write(bytes.array());
      zip.closeEntry();
    }
  }
}
