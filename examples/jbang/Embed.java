///usr/bin/env jbang "$0" "$@" ; exit $?
//JAVA 17+
//REPOS central,mavenlocal
//DEPS io.t3d:t3d-pipeline:0.1.0-SNAPSHOT
//RUNTIME_OPTIONS -Djava.awt.headless=true -DOPT_OUT_TRACKING=true -Dai.djl.offline=true -Dorg.slf4j.simpleLogger.defaultLogLevel=warn

import io.t3d.pipeline.TrainedModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Embeds scans, a line of CSV each: the path, then the numbers of its vector.
 *
 * <pre>jbang Embed.java runs/a ct/study1 ct/study2.nii.gz &gt; embeddings.csv</pre>
 */
class Embed {
  public static void main(String... args) throws Exception {
    if (args.length < 2) {
      System.err.println("usage: jbang Embed.java CHECKPOINT SCAN...");
      System.exit(2);
    }
    List<Path> scans = Arrays.stream(args).skip(1).map(Path::of).toList();
    try (TrainedModel model = TrainedModel.open(Path.of(args[0]))) {
      float[][] vectors = model.embed(scans);
      for (int i = 0; i < vectors.length; i++) {
        float[] vector = vectors[i];
        System.out.println(
            "\"" + scans.get(i) + "\","
                + IntStream.range(0, vector.length)
                    .mapToObj(e -> Float.toString(vector[e]))
                    .collect(Collectors.joining(",")));
      }
    }
  }
}
