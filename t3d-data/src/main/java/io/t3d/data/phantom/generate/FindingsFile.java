package io.t3d.data.phantom.generate;

import com.google.common.base.Splitter;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.Finding.Point;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Lobe;
import io.t3d.data.phantom.Severity;
import io.t3d.data.phantom.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** {@code findings.csv}: what the generator put where, one lesion a line. */
final class FindingsFile {
  static final String NAME = "findings.csv";

  private static final String HEADER = "study,kind,side,lobe,severity,size_mm,x,y,z";

  private FindingsFile() {}

  static void write(Path dir, Map<String, List<Finding>> byStudy) throws IOException {
    StringBuilder out = new StringBuilder(HEADER).append('\n');
    byStudy.forEach((study, findings) -> findings.forEach(f -> out.append(line(study, f))));
    AtomicFiles.writeText(dir.resolve(NAME), out.toString());
  }

  private static String line(String study, Finding f) {
    return String.format(
        Locale.ROOT,
        "%s,%s,%s,%s,%s,%.1f,%.1f,%.1f,%.1f\n",
        study,
        f.kind(),
        f.side(),
        f.lobe().map(Lobe::name).orElse(""),
        f.severity(),
        f.sizeMm(),
        f.center().x(),
        f.center().y(),
        f.center().z());
  }

  /** Study → its lesions; a study without any is not there. */
  static Map<String, List<Finding>> read(Path dir) throws IOException {
    Path file = dir.resolve(NAME);
    if (!Files.exists(file)) {
      throw new IOException(
          dir
              + " has no "
              + NAME
              + ", which tells where lesions are; phantoms written by an older version do not have"
              + " it: delete the folder and write them anew");
    }
    Map<String, List<Finding>> byStudy = new LinkedHashMap<>();
    List<String> lines = Files.readAllLines(file);
    for (String line : lines.subList(1, lines.size())) {
      List<String> c = Splitter.on(',').splitToList(line);
      if (c.size() != 9) {
        throw new IOException(file + " must have 9 columns (" + HEADER + "), got: " + line);
      }
      byStudy.computeIfAbsent(c.get(0), study -> new ArrayList<>()).add(finding(c));
    }
    return byStudy;
  }

  private static Finding finding(List<String> c) {
    return new Finding(
        FindingKind.valueOf(c.get(1)),
        Side.valueOf(c.get(2)),
        c.get(3).isEmpty() ? Optional.empty() : Optional.of(Lobe.valueOf(c.get(3))),
        Severity.valueOf(c.get(4)),
        Double.parseDouble(c.get(5)),
        new Point(
            Double.parseDouble(c.get(6)),
            Double.parseDouble(c.get(7)),
            Double.parseDouble(c.get(8))));
  }
}
