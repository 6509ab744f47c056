package io.t3d.cli.pacs;

import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Series as files, {@code series/ID/*.dcm}, with a manifest; names hold no identifiers. */
record PulledFolder(Path folder) {
  /** Fetches a series unless its folder is there: a folder appears only whole. */
  void pull(DicomWebClient archive, RemoteSeries series) throws IOException {
    Path place = place(series);
    if (!Files.isDirectory(place)) {
      archive.retrieve(series, place);
    }
  }

  private Path place(RemoteSeries series) {
    return folder.resolve("series").resolve(series.id());
  }

  /**
   * Writes a row per series; patients are known by a hash of their ids. An archive has no reports,
   * and a manifest has reports or labels: here each modality is a label.
   */
  void writeManifest(List<RemoteSeries> all) throws IOException {
    List<ManifestRow> rows = new ArrayList<>();
    List<String> modalities = all.stream().map(PulledFolder::modality).distinct().toList();
    for (RemoteSeries series : all) {
      String patient = series.patientPseudonym();
      Map<String, Boolean> labels = new LinkedHashMap<>();
      modalities.forEach(m -> labels.put(m, m.equals(modality(series))));
      rows.add(
          new ManifestRow(
              rows.size(),
              place(series),
              "",
              Split.UNASSIGNED,
              patient.isEmpty() ? series.id() : patient,
              labels,
              Optional.empty()));
    }
    Manifest.write(folder.resolve("manifest.csv"), rows);
  }

  private static String modality(RemoteSeries series) {
    return series.modality().matches("[A-Z0-9]{1,16}") ? series.modality() : "other";
  }
}
