package io.t3d.cli.page;

import io.t3d.cli.page.part.Classification;
import io.t3d.cli.page.part.Example;
import io.t3d.cli.page.part.Made;
import io.t3d.cli.page.part.Pages;
import io.t3d.cli.page.part.Picture;
import io.t3d.cli.page.part.Retrieval;
import io.t3d.cli.page.part.Table;
import io.t3d.cli.picture.SliceImages;
import io.t3d.core.volume.Volume;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The page of {@code ./t3d evaluate}. */
public final class EvaluationPage {
  private final Map<String, List<ManifestRow>> splits = new LinkedHashMap<>();
  private final List<ManifestRow> rows;
  private final List<String> failures = new ArrayList<>();
  private Optional<Classification.Curves> curves = Optional.empty();
  private List<Example> cases = List.of();

  /**
   * A page about some rows.
   *
   * @param split its name
   * @param rows what is measured on
   */
  public EvaluationPage(String split, List<ManifestRow> rows) {
    this.rows = List.copyOf(rows);
    splits.put(split, this.rows);
  }

  /**
   * What the page shows; what was not asked for is absent.
   *
   * @param intro what was evaluated
   * @param dataset counts and prevalence by split
   * @param classified zero-shot, probes, fine-tuning
   * @param retrieval both ways
   * @param cases best, median and worst by zero-shot classification; none without it
   * @param failures one line each
   * @param made how
   */
  public record Model(
      String intro,
      Table dataset,
      List<Classification> classified,
      Optional<Retrieval> retrieval,
      List<Example> cases,
      List<String> failures,
      Made made) {
    /** Copies the lists. */
    public Model {
      classified = List.copyOf(classified);
      cases = List.copyOf(cases);
      failures = List.copyOf(failures);
    }
  }

  /** Further rows that had a part, e.g. those that thresholds were chosen on; none is no part. */
  public void also(String split, List<ManifestRow> others) {
    if (!others.isEmpty()) {
      splits.put(split, List.copyOf(others));
    }
  }

  /** Rows that had to be left out. */
  public void leftOut(int count) {
    if (count > 0) {
      failures.add(count + " volumes could not be used and were left out.");
    }
  }

  /**
   * Takes curves and cases of a run that has classified. Without a row whose findings are known
   * there are no cases, and the page says so.
   *
   * @param reports whether it has ranked reports, too
   * @throws IOException when a volume cannot be read again
   */
  public void look(EvaluationRun run, TrainedModel trained, boolean reports) throws IOException {
    EvaluationParts parts = new EvaluationParts(run, rows);
    curves = Optional.of(parts.curves());
    List<Integer> order = parts.byLikelihood();
    if (order.isEmpty()) {
      failures.add("No finding of any volume is known: there is no best, median or worst case.");
      return;
    }
    List<Example> shown = new ArrayList<>();
    Preprocessing preparation = trained.data().preprocessing();
    shown.add(example(parts, preparation, "best", order.get(0), reports));
    if (order.size() > 2) {
      shown.add(example(parts, preparation, "median", order.get(order.size() / 2), reports));
    }
    if (order.size() > 1) {
      shown.add(example(parts, preparation, "worst", order.get(order.size() - 1), reports));
    }
    cases = List.copyOf(shown);
  }

  private Example example(
      EvaluationParts parts, Preprocessing preparation, String which, int index, boolean reports)
      throws IOException {
    ManifestRow row = rows.get(index);
    Volume prepared = preparation.read(row.volume(), row.calibration());
    byte[] png =
        SliceImages.of(prepared, IntensityWindow.ofPercentiles(prepared))
            .caption("as prepared for the encoder, from the 0.5th to the 99.5th percentile")
            .png();
    return parts.example(
        new Picture(which + ": " + row.volume().getFileName(), png), index, reports);
  }

  /**
   * Writes the page as one file; it is replaced as a whole or not at all.
   *
   * @param checkpoint what was evaluated
   * @param settings of the evaluation, as YAML
   */
  public void write(Path file, Evaluation found, Path checkpoint, String command, String settings)
      throws IOException {
    Pages.write(file, "evaluation.jte", model(found, checkpoint, Made.by(command, settings)));
  }

  Model model(Evaluation found, Path checkpoint, Made made) {
    List<Classification> classified = new ArrayList<>();
    List<String> lines = new ArrayList<>(failures);
    found
        .zeroShot()
        .ifPresent(
            c -> {
              classified.add(EvaluationParts.classification("Zero-shot classification", c, curves));
              lines.addAll(EvaluationParts.oneClass(c));
            });
    found.linearProbe().forEach(s -> classified.add(supervised("Linear probe", s)));
    found.fineTune().forEach(s -> classified.add(supervised("Fine-tuning", s)));
    String split = splits.keySet().iterator().next();
    return new Model(
        String.format(
            Locale.ROOT,
            "%s on %d volumes (%s).",
            checkpoint,
            rows.size(),
            split.equals("all") ? "all rows of the manifest" : "split " + split),
        EvaluationParts.dataset(splits, findings(found)),
        classified,
        found.retrieval().map(EvaluationParts::retrieval),
        cases,
        lines,
        made);
  }

  private static Classification supervised(String name, Evaluation.Supervised s) {
    return EvaluationParts.classification(
        String.format(
            Locale.ROOT,
            "%s on %d volumes (%.3g %% of the patients)",
            name,
            s.trainVolumes(),
            100 * s.labelFraction()),
        s.scores(),
        Optional.empty());
  }

  private static Set<String> findings(Evaluation found) {
    Set<String> names = new LinkedHashSet<>();
    found.zeroShot().ifPresent(c -> names.addAll(c.labels().keySet()));
    found.linearProbe().forEach(s -> names.addAll(s.scores().labels().keySet()));
    found.fineTune().forEach(s -> names.addAll(s.scores().labels().keySet()));
    return names;
  }
}
