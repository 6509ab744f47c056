package stranger;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.generate.PhantomGenerator;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Opens a checkpoint and embeds a phantom, as somebody does who has nothing but the published jars. */
public final class Stranger {
  private Stranger() {}

  /** Takes a folder to write to. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    Path checkpoint = folder.resolve("checkpoint");
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42)) {
      model.save(checkpoint);
    }
    Volume phantom = new PhantomGenerator(PhantomConfig.standard()).generate(1).volume();
    // NIfTI is read in Java; NRRD takes the natives of the classifier's jar, found by ServiceLoader.
    for (String name : List.of("phantom.nii.gz", "phantom.nrrd")) {
      Path file = folder.resolve(name);
      VolumeWriters.write(file, phantom, PixelType.INT16);
      float[] embedding = embed(checkpoint, file);
      double norm = 0;
      for (float x : embedding) {
        norm += (double) x * x;
      }
      if (!(Math.abs(norm - 1) < 1e-4)) {
        throw new IllegalStateException(name + ": the embedding's length must be 1, got " + norm);
      }
      System.out.println(name + ": embedding of " + embedding.length + " numbers");
    }
  }

  private static float[] embed(Path checkpoint, Path file) throws IOException {
    Volume volume = Preprocessing.windowOnly().apply(VolumeReaders.read(file));
    try (T3DModel model = T3DModel.load(checkpoint, Device.cpu());
        NDManager step = model.manager().newSubManager();
        ViewBatch views =
            ViewBatch.collate(
                step, List.of(List.of(new MultiViewSampler(ViewConfig.tiny()).center(volume))))) {
      NDArray voxels = views.slots().get(0).voxels();
      return model.encodeVolumes(voxels).toFloatArray();
    }
  }
}
