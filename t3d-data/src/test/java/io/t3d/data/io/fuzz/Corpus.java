package io.t3d.data.io.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The sound files that mutants are made from: the golden files of every format. */
final class Corpus {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  private Corpus() {}

  /** One list per format. */
  static List<List<Sample>> all() throws IOException {
    return List.of(nifti());
  }

  /** Every type, byte order and version, plain and gzipped. */
  static List<Sample> nifti() throws IOException {
    Path folder = GOLDEN.resolve("nifti");
    List<Sample> samples = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (String name : files.map(f -> f.getFileName().toString()).sorted().toList()) {
        if (name.contains(".nii")) {
          boolean gzip = name.endsWith(".gz");
          samples.add(
              Sample.of(
                  gzip ? "nifti gzip" : "nifti",
                  folder,
                  gzip ? Packing.WHOLE_GZIP : Packing.NONE,
                  new NiftiFields(),
                  List.of(name)));
        }
      }
    }
    return samples;
  }
}
