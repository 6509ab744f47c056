package stranger;

import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.T3D;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;

/** Trains for a moment, opens the checkpoint and embeds, with nothing but the published jars. */
public final class Stranger {
  private Stranger() {}

  /** Takes a folder to write to. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    Path manifest = folder.resolve("ct").resolve("manifest.csv");
    PhantomDataset.write(manifest.getParent(), 30, 1);
    T3D.pretrain(PretrainConfig.tiny().with(1, 1), manifest, folder.resolve("run"));

    Path nifti = Manifest.read(manifest).rows().get(0).volume();
    Path nrrd = folder.resolve("phantom.nrrd"); // needs the natives of the classifier's jar
    VolumeWriters.write(nrrd, VolumeReaders.read(nifti), PixelType.FLOAT32);
    try (TrainedModel model = TrainedModel.open(folder.resolve("run"))) {
      float[][] vectors = model.embed(nifti, nrrd);
      for (float[] vector : vectors) {
        double norm = 0;
        for (float x : vector) {
          norm += (double) x * x;
        }
        if (!(Math.abs(norm - 1) < 1e-4)) {
          throw new IllegalStateException("An embedding's length must be 1, got " + norm);
        }
      }
      System.out.println(vectors.length + " embeddings of " + vectors[0].length + " numbers");
    }
  }
}
