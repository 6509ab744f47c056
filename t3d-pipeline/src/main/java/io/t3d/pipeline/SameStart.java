package io.t3d.pipeline;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.t3d.core.config.Configs;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.internal.Agreement;
import io.t3d.core.train.Provenance;
import io.t3d.data.manifest.ManifestRow;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The first thing that workers do together: whether all run the same program with the same settings
 * and manifest. What takes long, the volumes' files, is compared later.
 */
final class SameStart {
  private SameStart() {}

  /**
   * Compares.
   *
   * @param rows to train on
   * @throws io.t3d.core.T3dException in all workers when one differs; names the first difference
   */
  static void require(ProcessGroup group, PretrainConfig config, List<ManifestRow> rows) {
    if (group.size() == 1) {
      return;
    }
    Map<String, String> facts = new LinkedHashMap<>();
    Provenance.findVersions().forEach((name, version) -> facts.put("version." + name, version));
    facts.remove("version.java");
    facts.putAll(settings(config));
    facts.put("rows of the manifest", Integer.toString(rows.size()));
    facts.put("texts and names of the manifest", hash(rows));
    Agreement.require(group, facts);
  }

  /** Name → JSON of all that shapes a training; not the device, which may differ. */
  static Map<String, String> settings(PretrainConfig config) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("data", Configs.toJson(config.data()));
    facts.put("model", Configs.toJson(config.model()));
    facts.put("objective", Configs.toJson(config.objective()));
    facts.put("training", Configs.toJson(config.training()));
    facts.put("pretrained", config.pretrained().map(Configs::toJson).orElse("none"));
    return facts;
  }

  /** Of what does not depend on where the data lie on a machine. */
  private static String hash(List<ManifestRow> rows) {
    Hasher hasher = Hashing.sha256().newHasher();
    for (ManifestRow row : rows) {
      boolean own = row.patient().equals(row.volume().toString());
      for (String text :
          List.of(
              String.valueOf(row.volume().getFileName()),
              row.report(),
              own ? "" : row.patient(),
              row.calibration().toString())) {
        hasher.putInt(text.length()).putString(text, StandardCharsets.UTF_8);
      }
    }
    return hasher.hash().toString();
  }
}
