package io.t3d.pipeline.organ;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.OrganVit3dConfig.Organ;
import io.t3d.core.config.Size3;
import io.t3d.core.nn.vision.OrganVit3d;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.prepare.Masks;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Embeds the organs of a volume, and asks findings of each: for models that read an organ under a
 * label map, such as an imported fVLM.
 *
 * <pre>{@code
 * try (TrainedModel model = TrainedModel.open(Path.of("models/fvlm"))) {
 *   OrganEmbedder organs = OrganEmbedder.of(model);
 *   OrganEmbeddings seen =
 *       organs.embed(Path.of("ct.nii.gz"), Path.of("labels.nii.gz"), OrganLabels.TOTAL_SEGMENTATOR);
 *   Optional<float[]> lung = seen.of("lung");
 *   List<OrganFinding> findings = organs.zeroShot(seen);
 * }
 * }</pre>
 *
 * <p>Volumes are prepared as the model's {@code data.json} says; label maps lie on the volume's
 * voxels and are brought along, each voxel as the nearest one. Then, as in fVLM's evaluation: of
 * the volume stays what lies about all organs; about each organ that is there a window is cut and
 * padded to whole patches, and read by itself.
 *
 * <p>Safe to call from many threads at once. The model stays the caller's, and open.
 */
public final class OrganEmbedder {
  private static final int LARGEST = Byte.MAX_VALUE; // organs that a byte tells apart

  private final TrainedModel model;
  private final OrganVit3d encoder;
  private final OrganVit3dConfig config;

  private OrganEmbedder(TrainedModel model, OrganVit3d encoder) {
    this.model = model;
    this.encoder = encoder;
    this.config = encoder.config();
  }

  /**
   * An embedder of a model's organs.
   *
   * @throws T3dException when the model embeds whole volumes
   */
  public static OrganEmbedder of(TrainedModel model) {
    if (model.model().vision() instanceof OrganVit3d encoder
        && encoder.config().organs().size() <= LARGEST) {
      return new OrganEmbedder(model, encoder);
    }
    throw new T3dException(
        T3dException.Kind.USAGE,
        "OrganEmbedder needs a model that embeds organs (an OrganVit3d, e.g. of ./t3d import --from"
            + " fvlm), got a "
            + model.model().vision().getClass().getSimpleName()
            + "; TrainedModel.embed embeds whole volumes");
  }

  /** The organs that the model knows, in its order. */
  public List<String> organs() {
    return config.organs().stream().map(Organ::name).toList();
  }

  /**
   * Embeds the organs of a volume.
   *
   * @param volume a file or DICOM folder, in HU
   * @param labelMap a file on the volume's voxels
   * @param meaning of its values
   * @return an embedding for each organ that the label map holds; the others are empty
   * @throws IOException when a file cannot be read
   * @throws T3dException when the volume is prepared already, the label map lies elsewhere, holds
   *     other values than whole numbers, or no label at all
   */
  public OrganEmbeddings embed(Path volume, Path labelMap, OrganLabels meaning) throws IOException {
    requireRaw(rowOf(VolumeFinder.one(volume)));
    Volume read = VolumeReaders.read(volume);
    Volume labels = Masks.read(labelMap, read, Masks.OtherGrid.REFUSE);
    requireLabels(labelMap, labels);
    return embed(read, labels, meaning);
  }

  /**
   * Embeds the organs of a manifest's volume, whose {@code mask} is the label map and whose
   * calibration is applied.
   *
   * @param row with a mask
   * @param meaning of the mask's values
   * @return as {@link #embed(Path, Path, OrganLabels)}
   * @throws IOException when a file cannot be read
   * @throws T3dException as there, and when the row has no mask
   */
  public OrganEmbeddings embed(ManifestRow row, OrganLabels meaning) throws IOException {
    if (row.mask().isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Row "
              + row.row()
              + " of the manifest needs a label map to embed organs, got none for "
              + row.volume()
              + "; name it in the column mask");
    }
    requireRaw(row);
    Volume labels = Masks.read(row, Masks.OtherGrid.REFUSE);
    requireLabels(row.mask().get(), labels);
    return embed(row.readVolume(), labels, meaning);
  }

  private OrganEmbeddings embed(Volume read, Volume labels, OrganLabels meaning) {
    OrganScan scan =
        OrganScan.prepared(model.data().preprocessing(), read, labels, organsOf(meaning));
    Map<String, float[]> vectors = new LinkedHashMap<>();
    if (scan.holdsAny()) {
      OrganScan kept = scan.kept(config.window());
      for (int organ = 0; organ < config.organs().size(); organ++) {
        if (kept.holds(organ)) {
          vectors.put(config.organs().get(organ).name(), embed(kept, organ));
        }
      }
    }
    return new OrganEmbeddings(organs(), vectors);
  }

  private static ManifestRow rowOf(Path volume) {
    return new ManifestRow(
        0, volume, "", Split.UNASSIGNED, volume.toString(), Map.of(), Optional.empty());
  }

  /** The window would be taken of what a window is of already. */
  private static void requireRaw(ManifestRow row) throws IOException {
    if (PreparedVolumes.preparationOf(List.of(row)).isPresent()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          row.volume()
              + " is prepared already, expected a volume in HU; give the file that it was made of,"
              + " and the label map of that");
    }
  }

  private static void requireLabels(Path file, Volume labels) {
    for (float label : labels.voxels()) {
      if (label != 0) {
        return;
      }
    }
    throw new T3dException(
        T3dException.Kind.INPUT,
        "label map "
            + file
            + " must hold labels, got zeros alone; was the segmentation of this volume written?");
  }

  /** Which organ a label stands for: 1 for the first and so on. */
  private Map<Integer, Byte> organsOf(OrganLabels meaning) {
    Map<Integer, Byte> known = new LinkedHashMap<>();
    for (int organ = 0; organ < config.organs().size(); organ++) {
      List<Integer> values =
          meaning == OrganLabels.ORGANS ? List.of(organ + 1) : config.organs().get(organ).labels();
      for (int value : values) {
        known.put(value, (byte) (organ + 1));
      }
    }
    return known;
  }

  private float[] embed(OrganScan kept, int organ) {
    Size3 patch = config.vit().patch();
    OrganScan window = kept.about(organ, config.window(), patch);
    Size3 s = window.size();
    try (NoGrad constant = new NoGrad();
        NDManager scope = model.model().manager().newSubManager()) {
      NDArray voxels =
          scope.create(window.voxels(), new Shape(1, 1, s.depth(), s.height(), s.width()));
      return encoder
          .embedOrgan(new ParameterStore(scope, false), voxels, organ, window.patches(patch), false)
          .toFloatArray();
    }
  }

  /**
   * ln of the scale as the file has it: {@code T3DModel.logitScale()} ends at a factor of 100,
   * fVLM's code at 1,000.
   */
  private double logScale() {
    return model.model().parameters().get("logit_scale.value").getArray().getFloat();
  }

  /** Prompts of the model and an organ that their finding is of. */
  private record Asked(String organ, FindingPrompts prompts) {}

  private List<Asked> asked() {
    List<Asked> out = new ArrayList<>();
    for (FindingPrompts prompts : model.prompts()) {
      for (Organ organ : config.organs()) {
        if (organ.findings().contains(prompts.finding())) {
          out.add(new Asked(organ.name(), prompts));
        }
      }
    }
    return out;
  }

  /**
   * The findings that {@link #zeroShot(OrganEmbeddings)} asks, in its order; none where the model
   * has no prompts for its organs.
   */
  public List<String> findings() {
    return asked().stream().map(asked -> asked.prompts().finding()).toList();
  }

  /**
   * Asks the model's own findings of the organs that they are of.
   *
   * @param seen of this model
   * @return one entry for each of {@link TrainedModel#prompts()} that belongs to an organ, in order
   * @throws T3dException when the model has no such prompts
   */
  public List<OrganFinding> zeroShot(OrganEmbeddings seen) {
    List<OrganFinding> out = new ArrayList<>();
    for (Asked asked : asked()) {
      String finding = asked.prompts().finding();
      OptionalDouble found =
          zeroShot(seen, asked.organ(), List.of(asked.prompts()))
              .map(p -> OptionalDouble.of(p.get(finding)))
              .orElseGet(OptionalDouble::empty);
      out.add(new OrganFinding(asked.organ(), finding, found));
    }
    if (out.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "This model has no prompts for the findings of its organs (prompts.json); give some:"
              + " zeroShot(seen, organ, prompts)");
    }
    return out;
  }

  /**
   * Asks findings of an organ by prompts of one's own; see {@link ZeroShotClassifier}.
   *
   * @param seen of this model
   * @param organ one of {@link #organs()}
   * @param prompts one entry per finding, at least one
   * @return finding → probability, in the order of the prompts, not calibrated; empty where the
   *     label map holds none of the organ
   * @throws IllegalArgumentException when the model does not know the organ
   */
  public Optional<Map<String, Double>> zeroShot(
      OrganEmbeddings seen, String organ, List<FindingPrompts> prompts) {
    Optional<float[]> vector = seen.of(organ);
    if (vector.isEmpty()) {
      return Optional.empty();
    }
    try (NDManager scope = model.model().manager().newSubManager()) {
      ZeroShotClassifier classifier =
          ZeroShotClassifier.create(
              texts -> model.model().encodeReports(scope, texts), prompts, logScale());
      double[] found = classifier.classify(new float[][] {vector.get()})[0];
      Map<String, Double> out = new LinkedHashMap<>();
      for (int i = 0; i < found.length; i++) {
        out.put(classifier.findings().get(i), found[i]);
      }
      return Optional.of(out);
    }
  }
}
