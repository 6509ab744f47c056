package io.t3d.serve;

import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What HTTP costs: embeds the same volumes by the library and by a service, in turns. */
public final class Overhead {
  private Overhead() {}

  /** Arguments: a folder that keeps the phantoms, how many, rounds. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    int count = Integer.parseInt(args[1]);
    int rounds = Integer.parseInt(args[2]);
    Path manifest = folder.resolve("manifest.csv");
    if (!Files.exists(manifest)) {
      PhantomDataset.write(folder, count, 1);
    }
    List<Path> volumes =
        Manifest.read(manifest).rows().stream().map(ManifestRow::volume).limit(count).toList();
    try (TrainedModel model = Phantoms.model();
        T3dServer server =
            T3dServer.builder(model).settings(ServeSettings.builder().port(0).build()).start()) {
      Client client = new Client(server);
      List<Double> ratios = new ArrayList<>();
      for (int round = 0; round <= rounds; round++) {
        double library = 0;
        double service = 0;
        for (Path volume : volumes) {
          long t0 = System.nanoTime();
          float[] expected = model.embed(volume)[0];
          long t1 = System.nanoTime();
          float[] found =
              client.volume("/v1/embed", Files.readAllBytes(volume)).floats("embedding");
          long t2 = System.nanoTime();
          library += (t1 - t0) / 1e6;
          service += (t2 - t1) / 1e6;
          if (!Arrays.equals(expected, found)) {
            throw new IllegalStateException("the vectors of " + volume + " differ");
          }
        }
        if (round > 0) { // the first one warms up
          ratios.add(service / library);
          System.out.printf(
              Locale.ROOT,
              "round %d: library %.1f ms, service %.1f ms per volume, %+.1f %%%n",
              round,
              library / volumes.size(),
              service / volumes.size(),
              100 * (service / library - 1));
        }
      }
      ratios.sort(null);
      System.out.printf(
          Locale.ROOT,
          "overhead %+.1f %% (median of %d rounds of %d volumes), vectors equal in every bit%n",
          100 * (ratios.get(ratios.size() / 2) - 1),
          rounds,
          volumes.size());
    }
  }
}
