package io.t3d.data.io.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The sound files that mutants are made from: the golden files of every format. */
final class Corpus {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path DICOM = GOLDEN.resolve("dicom");

  private Corpus() {}

  /** Every type, byte order and version, plain and gzipped. */
  static List<Sample> nifti() throws IOException {
    Path folder = GOLDEN.resolve("nifti");
    List<Sample> samples = new ArrayList<>();
    try (Stream<Path> all = Files.list(folder)) {
      for (String name : all.map(f -> f.getFileName().toString()).sorted().toList()) {
        if (name.contains(".nii")) {
          samples.add(file("nifti", folder, name, new NiftiFields()));
        }
      }
    }
    return samples;
  }

  static List<Sample> nrrd() throws IOException {
    return soundOnly("nrrd");
  }

  static List<Sample> metaImage() throws IOException {
    return soundOnly("metaimage");
  }

  /** Folders with a file per slice. */
  static List<Sample> dicom() throws IOException {
    List<Sample> samples = new ArrayList<>();
    samples.add(folder("implicit-le", Packing.NONE, DicomFields.IMPLICIT));
    samples.add(folder("explicit-be", Packing.NONE, DicomFields.BIG_ENDIAN));
    samples.add(folder("deflated", Packing.DICOM_DEFLATE, DicomFields.INFLATED));
    for (String explicit :
        List.of("explicit-le", "rle", "jpeg-lossless", "jpeg-baseline", "jpeg-ls", "jpeg-2000")) {
      samples.add(folder(explicit, Packing.NONE, DicomFields.EXPLICIT));
    }
    return samples;
  }

  /** All slices in one file. */
  static List<Sample> enhancedDicom() throws IOException {
    return List.of(
        Sample.of(
            "dicom enhanced",
            DICOM.resolve("enhanced"),
            Packing.NONE,
            DicomFields.EXPLICIT,
            List.of("0.dcm")));
  }

  static byte[] sliceOfAnotherSeries() {
    try {
      return Files.readAllBytes(DICOM.resolve("signed-16/2.dcm"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Sample folder(String encoding, Packing packing, FieldFinder fields)
      throws IOException {
    return Sample.folder("dicom " + encoding, DICOM.resolve(encoding), packing, fields);
  }

  /** Of formats whose golden files are broken too, only those that must be read. */
  private static List<Sample> soundOnly(String format) throws IOException {
    Path folder = GOLDEN.resolve(format);
    List<Sample> samples = new ArrayList<>();
    for (JsonNode c : new ObjectMapper().readTree(folder.resolve("expected.json").toFile())) {
      if (c.get("expect").asText().equals("exact")) {
        samples.add(file(format, folder, c.get("path").asText(), new TextFields()));
      }
    }
    return samples;
  }

  /** A file, with its data file where it has one. */
  private static Sample file(String format, Path folder, String name, FieldFinder fields)
      throws IOException {
    List<String> names = new ArrayList<>(List.of(name));
    String stem = name.substring(0, name.lastIndexOf('.'));
    if (name.endsWith("hdr") || name.endsWith("mhd")) {
      for (String data : List.of(stem + ".raw", stem + ".zraw")) {
        if (Files.exists(folder.resolve(data))) {
          names.add(data);
        }
      }
    }
    Packing packing = packing(format, name);
    return Sample.of(
        packing == Packing.NONE ? format : format + " packed", folder, packing, fields, names);
  }

  private static Packing packing(String format, String name) {
    if (format.equals("nifti")) {
      return name.endsWith(".gz") ? Packing.WHOLE_GZIP : Packing.NONE;
    }
    if (format.equals("nrrd")) {
      return name.contains("gz") ? Packing.GZIP : Packing.NONE;
    }
    return name.contains("packed") ? Packing.ZLIB : Packing.NONE;
  }
}
