package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.FolderSwap;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.train.internal.WeightAverage;
import io.t3d.core.train.validate.BestScore;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder {@code OUT/checkpoint}: a model folder that {@code T3DModel.load} reads, plus
 * everything needed to resume the run.
 *
 * <pre>{@code
 * config.json  model.safetensors  tokenizer.json     the model
 * raw.safetensors                                    its weights to go on training with, see below
 * optimizer.safetensors                              AdamW's moments, the objective's weights
 * trainer.json                                       settings, step and losses so far
 * provenance.json                                    data, settings, versions, machine
 * }</pre>
 *
 * <p>Without an average of the weights ({@link TrainingConfig#emaDecay()} is 0) there is no {@code
 * raw.safetensors}: {@code model.safetensors} is what training goes on with. With one, {@code
 * model.safetensors} holds the averages, which so are what {@code T3DModel.load} and all that
 * evaluates opens, and {@code raw.safetensors} the weights as the last step left them, which only
 * resuming reads.
 *
 * <p>It is replaced as a whole: whatever ends the process, and whenever, the folder holds either
 * the last checkpoint or the new one. The new one is written to {@code OUT/.checkpoint-new}, forced
 * to the disk and exchanged with the old one by the kernel in one operation; where that is not to
 * be had, by two renames that the next {@link #open} completes if need be. One that is due together
 * with a validation is written before it, and its {@code trainer.json} replaced after it.
 *
 * <p>With {@link TrainingConfig#keepEveryEpochs()} the checkpoints of some epochs stay, as {@code
 * OUT/checkpoints/epoch-0005} after the fifth. Each is whole: it opens as {@code OUT/checkpoint}
 * does, and a copy of it under that name, in another output folder, is one to go on from. With
 * {@link TrainingConfig#earlyStopping()} that of the best validation so far stays, as {@code
 * OUT/checkpoints/best}. Files of kept ones are hard links where the file system has them, so that
 * keeping takes no time; replace them, do not write into them.
 */
public final class Checkpoint {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoint.class);
  private static final String FOLDER = "checkpoint";
  private static final String KEPT = "checkpoints";
  private static final String BEST = "best";
  private static final Pattern KEPT_NAME = Pattern.compile("epoch-(\\d{4,9})");
  private static final String MODEL = "model.safetensors";
  private static final String RAW = "raw.safetensors";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String TRAINER = "trainer.json";
  private static final String PROVENANCE = "provenance.json";
  private static final List<String> OWN_FILES =
      List.of("config.json", MODEL, RAW, "tokenizer.json", OPTIMIZER, TRAINER, PROVENANCE);

  private final Path folder;
  private final TrainerState state;

  private Checkpoint(Path folder, TrainerState state) {
    this.folder = folder;
    this.state = state;
  }

  /** Where a run with this output folder keeps its checkpoint. */
  public static Path folderOf(Path out) {
    return out.resolve(FOLDER);
  }

  /** Where a run with this output folder keeps its checkpoint of the end of an epoch, from 1. */
  public static Path keptFolderOf(Path out, int epoch) {
    return out.resolve(KEPT).resolve(String.format(Locale.ROOT, "epoch-%04d", epoch));
  }

  /**
   * Where a run with this output folder keeps the checkpoint of its best validation, see {@link
   * TrainingConfig#earlyStopping()}.
   */
  public static Path bestFolderOf(Path out) {
    return out.resolve(KEPT).resolve(BEST);
  }

  /**
   * The checkpoints that a run has kept, see {@link TrainingConfig#keepEveryEpochs()}.
   *
   * @param out output folder of a {@link Pretrainer}
   * @return epochs done → folder, in order
   * @throws IOException when the folder cannot be read
   */
  public static SortedMap<Integer, Path> kept(Path out) throws IOException {
    SortedMap<Integer, Path> found = new TreeMap<>();
    Path folder = out.resolve(KEPT);
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : (Iterable<Path>) files::iterator) {
          Matcher name = KEPT_NAME.matcher(file.getFileName().toString());
          if (name.matches() && Files.isDirectory(file)) {
            found.put(Integer.valueOf(name.group(1)), file);
          }
        }
      }
    }
    return found;
  }

  /**
   * Opens the checkpoint of an output folder, after putting right what a crash left.
   *
   * @param out output folder of a {@link Pretrainer}
   * @return empty when no checkpoint was saved there yet
   * @throws IOException when there is one that cannot be read
   */
  public static Optional<Checkpoint> open(Path out) throws IOException {
    Path folder = folderOf(out);
    recover(out, new FolderSwap(folder));
    if (!Files.exists(folder)) {
      return Optional.empty();
    }
    Path trainer = folder.resolve(TRAINER);
    if (!Files.isRegularFile(trainer)) {
      throw new IOException(
          folder + " has no " + TRAINER + ": it is not a checkpoint of a training run");
    }
    if (Files.readString(trainer).contains("\"fusionHeads\"")) {
      throw new IOException(
          folder
              + " is of a version whose TMA was another one (with a text-informed fusion): its"
              + " training cannot go on. The model itself still opens, for evaluation or embed; to"
              + " train, choose another output folder");
    }
    return Optional.of(new Checkpoint(folder, Configs.load(trainer, TrainerState.class)));
  }

  /** What lies beside the checkpoint may be the work of a run that goes on: then it is left. */
  private static void recover(Path out, FolderSwap swap) throws IOException {
    if (!swap.isUnfinished()) {
      return;
    }
    if (FolderLock.isMine(out)) {
      swap.recover();
      return;
    }
    try (FolderLock lock = FolderLock.take(out)) {
      swap.recover();
    } catch (T3dException e) {
      LOG.info("{}; its checkpoint is opened as it is", e.getMessage());
    }
  }

  /** The model folder, for {@code T3DModel.load}. */
  public Path folder() {
    return folder;
  }

  /** Steps done at this checkpoint. */
  public int step() {
    return state.step();
  }

  /** The best validation up to this checkpoint, of those that early stopping looked at. */
  public Optional<BestScore> best() {
    return state.best();
  }

  /** Where the model comes from. */
  public Provenance provenance() throws IOException {
    return Configs.load(folder.resolve(PROVENANCE), Provenance.class);
  }

  /**
   * Refuses to go on with other settings, as a {@link Pretrainer} does, before there is any data.
   *
   * @param model settings of the model
   * @param training settings of the run; those that only watch it may be others
   * @throws T3dException when one differs; names each
   */
  public void requireSame(T3DConfig model, TrainingConfig training) {
    requireSame(TrainerState.start(model, training, state.batchesPerEpoch()));
  }

  void requireSame(TrainerState start) {
    List<String> differences = state.differences(start);
    if (!differences.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Cannot resume from "
              + folder
              + ", its settings differ: "
              + String.join("; ", differences)
              + ". Take the same settings, or another output folder");
    }
  }

  TrainerState state() {
    return state;
  }

  /** Replaces the checkpoint of an output folder. */
  static Path save(
      Path out,
      Trained trained,
      TrainerState state,
      Provenance provenance,
      Map<String, String> attachments)
      throws IOException {
    FolderSwap swap = new FolderSwap(folderOf(out));
    try {
      Path fresh = swap.begin();
      saveModel(fresh, trained);
      Map<String, NDArray> training = new LinkedHashMap<>(trained.optimizer().state());
      trained
          .objective()
          .parameters()
          .forEach((name, p) -> training.put(Trained.OBJECTIVE + name, p.getArray()));
      Safetensors.write(fresh.resolve(OPTIMIZER), training, Map.of());
      AtomicFiles.writeText(fresh.resolve(TRAINER), Configs.toJson(state));
      AtomicFiles.writeText(fresh.resolve(PROVENANCE), Configs.toJson(provenance));
      for (Map.Entry<String, String> attachment : attachments.entrySet()) {
        AtomicFiles.writeText(fresh.resolve(attachment.getKey()), attachment.getValue());
      }
      swap.commit();
      return folderOf(out);
    } catch (IOException e) {
      IOException clear =
          new IOException(
              "Cannot save the checkpoint of step "
                  + state.step()
                  + " to "
                  + folderOf(out)
                  + " ("
                  + e.getMessage()
                  + "); an older checkpoint there is untouched",
              e);
      try {
        swap.abort();
      } catch (IOException f) {
        clear.addSuppressed(f);
      }
      throw clear;
    }
  }

  /**
   * Notes what a validation has found in the checkpoint of an output folder, which is of the same
   * step: the validation has changed nothing else.
   */
  static void note(Path out, TrainerState state) throws IOException {
    AtomicFiles.writeText(folderOf(out).resolve(TRAINER), Configs.toJson(state));
  }

  /** Keeps the checkpoint of an output folder as that of an epoch. */
  static Path keep(Path out, int epoch) throws IOException {
    return keep(out, keptFolderOf(out, epoch), "of epoch " + epoch);
  }

  /** Keeps the checkpoint of an output folder as that of the best validation. */
  static Path keepBest(Path out) throws IOException {
    return keep(out, bestFolderOf(out), "of the best validation");
  }

  /** Whatever ends the process, the kept folder is whole, as it was, or not there. */
  private static Path keep(Path out, Path kept, String which) throws IOException {
    FolderSwap swap = new FolderSwap(kept);
    try {
      Path fresh = swap.begin();
      try (Stream<Path> files = Files.list(folderOf(out))) {
        for (Path file : (Iterable<Path>) files::iterator) {
          linkOrCopy(file, fresh.resolve(file.getFileName()));
        }
      }
      swap.commit();
      return kept;
    } catch (IOException e) {
      IOException clear =
          new IOException(
              "Cannot keep the checkpoint "
                  + which
                  + " as "
                  + kept
                  + " ("
                  + e.getMessage()
                  + "); "
                  + folderOf(out)
                  + " is whole",
              e);
      try {
        swap.abort();
      } catch (IOException f) {
        clear.addSuppressed(f);
      }
      throw clear;
    }
  }

  /** Files of a checkpoint are replaced, never written into, so that two names may share one. */
  private static void linkOrCopy(Path file, Path to) throws IOException {
    try {
      Files.createLink(to, file);
    } catch (UnsupportedOperationException | FileSystemException e) {
      try {
        Files.copy(file, to, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException f) {
        f.addSuppressed(e);
        throw f;
      }
    }
  }

  private static void saveModel(Path fresh, Trained trained) throws IOException {
    if (trained.average().isEmpty()) {
      trained.model().save(fresh);
      return;
    }
    WeightAverage average = trained.average().get();
    average.exchange();
    try {
      trained.model().save(fresh);
      Safetensors.write(fresh.resolve(RAW), average.arrays(), Map.of());
    } finally {
      average.exchange();
    }
  }

  /** Writes weights, averages and moments into what a run of the same settings starts from. */
  void restore(Trained trained) throws IOException {
    try (NoGrad constant = new NoGrad()) {
      NDManager manager = trained.model().manager();
      Path model = folder.resolve(MODEL);
      Path weights = trained.average().isPresent() ? folder.resolve(RAW) : model;
      load(manager, weights, arrays(trained.model().parameters()));
      if (trained.average().isPresent()) {
        load(manager, model, trained.average().get().arrays());
      }
      provenance().pretrained().forEach(trained.model()::noteOrigin);
      restoreTraining(manager, trained);
    }
  }

  private static void load(NDManager owner, Path file, Map<String, NDArray> to) throws IOException {
    try (NDManager scope = owner.newSubManager()) {
      Map<String, NDArray> tensors = Safetensors.read(scope, file).tensors();
      requireNoMore(file, tensors.keySet(), to.keySet());
      copy(file, tensors, "", to);
    }
  }

  /** What the model has no place for would be lost, e.g. pairs that were added by hand. */
  private static void requireNoMore(Path file, Set<String> there, Set<String> wanted)
      throws IOException {
    List<String> more = there.stream().filter(name -> !wanted.contains(name)).sorted().toList();
    if (!more.isEmpty()) {
      throw new IOException(
          file
              + " holds "
              + more.size()
              + " tensor(s) that the model has not, e.g. "
              + more.get(0)
              + "; give it the low-rank pairs and the settings that the run began with");
    }
  }

  private void restoreTraining(NDManager owner, Trained trained) throws IOException {
    Path file = folder.resolve(OPTIMIZER);
    Map<String, Parameter> objective = trained.objective().parameters();
    try (NDManager scope = owner.newSubManager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>(Safetensors.read(scope, file).tensors());
      copy(file, tensors, Trained.OBJECTIVE, arrays(objective));
      objective.keySet().forEach(name -> tensors.remove(Trained.OBJECTIVE + name));
      trained.optimizer().restore(tensors, state.updates());
    }
  }

  private static Map<String, NDArray> arrays(Map<String, Parameter> parameters) {
    Map<String, NDArray> out = new LinkedHashMap<>();
    parameters.forEach((name, parameter) -> out.put(name, parameter.getArray()));
    return out;
  }

  private static void copy(
      Path file, Map<String, NDArray> from, String prefix, Map<String, NDArray> to)
      throws IOException {
    for (Map.Entry<String, NDArray> entry : to.entrySet()) {
      NDArray array = entry.getValue();
      NDArray tensor = from.get(prefix + entry.getKey());
      if (tensor == null || !tensor.getShape().equals(array.getShape())) {
        throw new IOException(
            file
                + ": "
                + prefix
                + entry.getKey()
                + " must be "
                + array.getShape()
                + ", got "
                + (tensor == null ? "nothing" : tensor.getShape())
                + "; the run was made with other settings");
      }
      tensor.copyTo(array);
    }
  }

  /** Checks the name of a text that travels with the checkpoint. */
  static void checkAttachment(String name) {
    if (name.isBlank()
        || name.startsWith(".")
        || !Path.of(name).getFileName().toString().equals(name)
        || OWN_FILES.contains(name)) {
      throw new IllegalArgumentException(
          "An attachment needs a plain file name other than " + OWN_FILES + ", got '" + name + "'");
    }
  }
}
