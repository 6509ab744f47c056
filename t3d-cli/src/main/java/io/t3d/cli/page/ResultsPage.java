package io.t3d.cli.page;

import io.t3d.cli.page.part.Classification;
import io.t3d.cli.page.part.Example;
import io.t3d.cli.page.part.LineChart;
import io.t3d.cli.page.part.Made;
import io.t3d.cli.page.part.Pages;
import io.t3d.cli.page.part.Picture;
import io.t3d.cli.page.part.Retrieval;
import io.t3d.cli.page.part.Table;
import io.t3d.cli.picture.SliceImages;
import io.t3d.cli.picture.TokenHeat;
import io.t3d.core.config.Configs;
import io.t3d.core.model.Relevance;
import io.t3d.core.text.Sentences;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.Structure;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Reorient;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The quickstart's {@code report.html}. */
public final class ResultsPage {
  private static final int SENTENCES = 4;

  /** What a phantom's mask calls 1, 2, … from the first finding on. */
  static final List<String> FINDINGS =
      Arrays.stream(Structure.values())
          .filter(s -> s.value() >= Structure.NODULE.value())
          .map(s -> s.name().toLowerCase(Locale.ROOT).replace('_', ' '))
          .toList();

  private final PretrainConfig config;
  private final Evaluation found;
  private final LossCurves curves;
  private final List<ManifestRow> all;
  private final List<ManifestRow> test;
  private final TrainedModel trained;
  private final EvaluationRun evaluation;
  private final EvaluationParts parts;
  private final String command;

  /** Shows what was found; {@code evaluation} has classified and ranked already. */
  ResultsPage(
      PretrainConfig config,
      Evaluation found,
      LossCurves curves,
      List<ManifestRow> all,
      TrainedModel trained,
      EvaluationRun evaluation,
      String command) {
    this.config = config;
    this.found = found;
    this.curves = curves;
    this.all = all;
    this.test = all.stream().filter(row -> row.split() == Split.TEST).toList();
    this.trained = trained;
    this.evaluation = evaluation;
    this.parts = new EvaluationParts(evaluation, test);
    this.command = command;
  }

  /**
   * What the page shows.
   *
   * @param intro what was done
   * @param dataset counts and prevalence by split
   * @param losses smoothed
   * @param learningRate as it was
   * @param zeroShot zero-shot classification
   * @param retrieval both ways
   * @param cases best, median and worst
   * @param relevance where sentences look
   * @param failures one line each
   * @param made how
   */
  public record Model(
      String intro,
      Table dataset,
      List<LineChart> losses,
      LineChart learningRate,
      Classification zeroShot,
      Retrieval retrieval,
      List<Example> cases,
      List<Picture> relevance,
      List<String> failures,
      Made made) {
    /** Copies the lists. */
    public Model {
      losses = List.copyOf(losses);
      cases = List.copyOf(cases);
      relevance = List.copyOf(relevance);
      failures = List.copyOf(failures);
    }
  }

  void write(Path file) throws IOException {
    Evaluation.Train training = found.train().orElseThrow();
    Evaluation.Classified zeroShot = found.zeroShot().orElseThrow();
    List<Integer> order = parts.byLikelihood();
    int best = order.get(0);
    Model page =
        new Model(
            String.format(
                Locale.ROOT,
                "A small model was pre-trained on %d phantom volume–report pairs in %.0f s (%.1f"
                    + " volumes/s) and evaluated on %d pairs of patients it has never seen."
                    + " Phantoms show that the whole method works; they say nothing about"
                    + " performance on patients.",
                training.pairs(),
                training.seconds(),
                training.volumesPerSecond(),
                test.size()),
            dataset(),
            List.of(
                LineChart.of("steps", "loss", curves.losses("loss", "global", "tma")),
                LineChart.of(
                    "steps",
                    "loss",
                    curves.losses("tma_local", "tma_sentence", "tma_consistency", "tma_view"))),
            LineChart.of("steps", "learning rate", curves.learningRate()),
            EvaluationParts.classification(
                "Zero-shot classification", zeroShot, Optional.of(parts.curves())),
            EvaluationParts.retrieval(found.retrieval().orElseThrow()),
            List.of(
                example("best", best),
                example("median", order.get(order.size() / 2)),
                example("worst", order.get(order.size() - 1))),
            relevance(best),
            failures(zeroShot),
            Made.by(command, Configs.toYaml(config)));
    Pages.write(file, "results.jte", page);
  }

  private Table dataset() {
    Map<String, List<ManifestRow>> splits = new LinkedHashMap<>();
    for (Split split : List.of(Split.TRAIN, Split.VALIDATION, Split.TEST)) {
      splits.put(split.text(), all.stream().filter(row -> row.split() == split).toList());
    }
    return EvaluationParts.dataset(splits, evaluation.predictions().keySet());
  }

  private List<Picture> relevance(int index) throws IOException {
    View view = trained.view(test.get(index).volume());
    List<Relevance> found =
        trained
            .model()
            .relevance(
                view.crop(),
                Sentences.of(test.get(index).report()).stream().limit(SENTENCES).toList(),
                trained.gatherTemperature());
    IntensityWindow grey = IntensityWindow.ofPercentiles(view.crop());
    List<Picture> pictures = new ArrayList<>();
    for (Relevance one : found) {
      TokenHeat heat = TokenHeat.of(view.crop(), one.grid(), one.weights());
      pictures.add(
          new Picture(
              String.format(
                  Locale.ROOT, "“%s”: weights %.4f to %.4f", one.text(), heat.low(), heat.high()),
              SliceImages.of(view.crop(), grey)
                  .caption("the volume as the encoder sees it")
                  .heat(heat.scaled(), "weight")
                  .png()));
    }
    return pictures;
  }

  private List<String> failures(Evaluation.Classified zeroShot) {
    List<String> lines = new ArrayList<>();
    if (curves.skipped() > 0) {
      lines.add(
          curves.skipped() + " training steps were skipped: loss or gradient was not finite.");
    }
    lines.addAll(EvaluationParts.oneClass(zeroShot));
    return lines;
  }

  private Example example(String which, int index) throws IOException {
    ManifestRow row = test.get(index);
    Reorient upright = new Reorient("RAS");
    Volume volume = upright.apply(row.readVolume());
    SliceImages picture = SliceImages.of(volume, IntensityWindow.chest());
    if (row.mask().isPresent()) {
      picture.mask(findings(upright.apply(VolumeReaders.read(row.mask().get()))), FINDINGS);
    }
    return parts.example(
        new Picture(which + ": " + row.volume().getFileName(), picture.png()), index, true);
  }

  /**
   * Of a phantom's mask the findings alone, as labels 1, 2, …: outlines of all organs hide them.
   */
  static Volume findings(Volume mask) {
    float[] labels = new float[mask.voxels().length];
    int before = Structure.NODULE.value() - 1;
    for (int i = 0; i < labels.length; i++) {
      labels[i] = Math.max(0, mask.voxels()[i] - before);
    }
    return mask.withVoxels(labels);
  }
}
