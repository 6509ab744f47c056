package io.t3d.pipeline.published;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.NoTextConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.DidYouMean;
import io.t3d.core.internal.FolderSwap;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.model.T3DModel;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.torch.TorchEngine;
import io.t3d.data.load.ReportSampling;
import io.t3d.data.view.ViewConfig;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Imports published CT vision-language models: their files become folders that {@link
 * TrainedModel#open} and every command open, with the model's own preparation of volumes,
 * tokenizer, prompts and a note on its licence. docs/published-models.md has a section per model.
 *
 * <pre>{@code
 * PublishedModels.importTo(
 *     List.of(Path.of("CT-CLIP_v2.pt")), Optional.empty(), Optional.of(Path.of("cxr-bert")), out);
 * try (TrainedModel model = TrainedModel.open(out)) { … }
 * }</pre>
 *
 * <p>Nothing in a file is run: see docs/pretrained.md for the forms that are read.
 */
public final class PublishedModels {
  /** All kinds; a further one is a class and a line here. */
  private static final List<PublishedKind> KINDS =
      List.of(
          new CtClip(),
          new Merlin(),
          new Spectre(),
          new VoxelFm(),
          new M3dClip(),
          new Hlip(),
          new RadFinder(),
          new FVlm());

  /** What an import writes, and a further one replaces; other files are the user's. */
  static final Set<String> OWN =
      Set.of(
          "config.json",
          "data.json",
          "model.safetensors",
          "prompts.json",
          "tokenizer.json",
          PublishedNote.FILE_NAME);

  private PublishedModels() {}

  /** What {@code --from} takes. */
  public static List<String> names() {
    return KINDS.stream().map(PublishedKind::name).toList();
  }

  /**
   * Imports a model.
   *
   * @param files of weights
   * @param kind one of {@link #names()}; found by the file's tensors when left out
   * @param tokenizer a HuggingFace folder, for models whose file has none
   * @param out the folder, which must be missing, empty, or an earlier import; it is there as a
   *     whole or, after an error, as it was. Files that were added to an earlier import stay, and
   *     settings of it that were changed by hand stay as {@code NAME.previous.json}
   * @return the note that the folder holds
   * @throws IOException when a file cannot be read
   * @throws T3dException when tensors are missing, misshapen or unexpected: all of them are named
   * @throws T3dException when the kind is unknown, or the tokenizer or the folder is wrong
   */
  public static PublishedNote importTo(
      List<Path> files, Optional<String> kind, Optional<Path> tokenizer, Path out)
      throws IOException {
    requireFree(out);
    Optional<PublishedKind> named = kind.map(PublishedModels::named);
    TorchEngine.get();
    try (NDManager scope = NDManager.newBaseManager(Device.cpu())) {
      PublishedTensors tensors = PublishedTensors.read(scope, files, KINDS);
      requireRun(tensors);
      return importTo(
          named.isPresent() ? named.get() : recognise(tensors), tensors, tokenizer, out);
    }
  }

  /** Imports tensors at hand as a kind. */
  static PublishedNote importTo(
      PublishedKind kind, PublishedTensors tensors, Optional<Path> tokenizer, Path out)
      throws IOException {
    PublishedModel described = kind.describe(tensors, tokenizer);
    tensors.requireFound(kind.name());
    try (TrainedModel model = build(kind, described, tensors)) {
      PublishedNote note = described.note().of(tensors.origins(), tensors.unused());
      write(model, note, out);
      return note;
    }
  }

  /** Fails where a file is of a model that is not run, whatever it is to be taken for. */
  private static void requireRun(PublishedTensors tensors) {
    Optional<RefusedKind> refused = RefusedKind.of(tensors.names());
    if (refused.isPresent()) {
      RefusedKind model = refused.get();
      throw refusal(tensors.source() + " is by its tensors of " + model.kind() + ", which", model);
    }
  }

  private static T3dException refusal(String what, RefusedKind refused) {
    return new T3dException(
        T3dException.Kind.USAGE,
        what
            + " is not imported: "
            + refused.reason()
            + "; see docs/published-models.md. Imported are "
            + String.join(", ", names()));
  }

  private static PublishedKind named(String name) {
    for (RefusedKind refused : RefusedKind.values()) {
      if (refused.kind().equals(name)) {
        throw refusal(name, refused);
      }
    }
    return KINDS.stream()
        .filter(k -> k.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new T3dException(
                    T3dException.Kind.USAGE,
                    "Unknown kind \""
                        + name
                        + "\"; known are "
                        + String.join(", ", names())
                        + DidYouMean.suggest(name, names())
                            .map(s -> "; did you mean \"" + s + "\"?")
                            .orElse("")));
  }

  private static PublishedKind recognise(PublishedTensors tensors) {
    List<PublishedKind> fit = KINDS.stream().filter(k -> k.recognises(tensors)).toList();
    if (fit.size() == 1) {
      return fit.get(0);
    }
    throw new T3dException(
        T3dException.Kind.USAGE,
        tensors.source()
            + (fit.isEmpty()
                ? " is no file of "
                    + names()
                    + " that is known by its tensors, but of "
                    + tensors.names().stream().limit(5).toList()
                : " could be a file of " + fit.stream().map(PublishedKind::name).toList())
            + "; say which with --from");
  }

  private static void requireFree(Path out) throws IOException {
    OutputCheck.folder(out);
    if (!Files.isDirectory(out) || Files.exists(out.resolve(PublishedNote.FILE_NAME))) {
      return;
    }
    try (Stream<Path> inside = Files.list(out)) {
      List<String> names = inside.map(p -> p.getFileName().toString()).sorted().toList();
      if (!names.isEmpty()) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            out
                + " holds other files ("
                + names.stream().limit(5).collect(Collectors.joining(", "))
                + (names.size() > 5 ? ", …" : "")
                + ") and no "
                + PublishedNote.FILE_NAME
                + ", expected an empty folder or an earlier import; choose another");
      }
    }
  }

  private static TrainedModel build(
      PublishedKind kind, PublishedModel described, PublishedTensors tensors) throws IOException {
    int longest = described.config().text().maxLength();
    ReportTokenizer tokenizer =
        described.config().text() instanceof NoTextConfig
            ? ReportTokenizer.of(TextConfig.tiny())
            : ReportTokenizer.fromPretrained(described.tokenizer(), longest);
    T3DModel model =
        T3DModel.builder()
            .config(described.config())
            .tokenizer(tokenizer)
            .build((owner, wanted) -> tensors.weights(kind.name(), described.weights(), wanted));
    tensors
        .origins()
        .forEach((file, digest) -> model.noteOrigin(kind.name(), file + " sha256:" + digest));
    return new TrainedModel(model, data(described), Optional.empty(), described.prompts());
  }

  /** The whole volume as one view; batches are small, for views of such models are large. */
  private static DataConfig data(PublishedModel described) {
    ViewConfig views =
        described
            .views()
            .orElseGet(
                () -> PublishedModel.oneView(described.preprocessing().size().orElseThrow()));
    return new DataConfig(described.preprocessing(), views, ReportSampling.none(), 2, 1, 0);
  }

  private static void write(TrainedModel model, PublishedNote note, Path out) throws IOException {
    FolderSwap swap = new FolderSwap(out);
    try {
      Path fresh = swap.begin();
      model.save(fresh);
      AtomicFiles.writeText(fresh.resolve(PublishedNote.FILE_NAME), Configs.toJson(note));
      AddedFiles.keep(out, fresh);
      swap.commit();
    } catch (IOException | RuntimeException e) {
      swap.abort();
      throw e;
    }
  }
}
