package io.t3d.spark;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.data.io.Locations;
import io.t3d.data.prepare.Masks;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.StudyOutcome;
import io.t3d.data.prepare.StudyPreparation;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.function.FlatMapFunction;

/** The studies of a slice are prepared, one after another, as they are asked for. */
final class PrepareTask
    implements FlatMapFunction<Iterator<List<PrepareTask.Line>>, PrepareTask.Outcome> {
  private static final long serialVersionUID = 1L;

  private final String out;
  private final String config;
  private final Masks.OtherGrid otherGrid;

  /**
   * A study as it goes to an executor; texts are empty where there is nothing.
   *
   * @param spacing z, y, x in mm of the calibration, or nothing
   */
  record Line(
      String name, String volume, String mask, double slope, double intercept, double[] spacing)
      implements Serializable {
    static Line of(StudyPreparation study) {
      return new Line(
          study.name(),
          study.volume().toString(),
          study.mask().map(Path::toString).orElse(""),
          study.calibration().slope(),
          study.calibration().intercept(),
          StudyLine.numbers(study.calibration().spacing()));
    }
  }

  /** A {@link StudyOutcome} as it comes back. */
  record Outcome(String name, boolean written, long bytes, String problem) implements Serializable {
    StudyOutcome back() {
      Optional<String> why = Optional.of(problem).filter(text -> !text.isEmpty());
      return new StudyOutcome(name, written, bytes, why, false);
    }
  }

  PrepareTask(Path out, PreparationConfig config, Masks.OtherGrid otherGrid) {
    this.out = out.toString();
    this.config = Configs.toJson(config);
    this.otherGrid = otherGrid;
  }

  @Override
  public Iterator<Outcome> call(Iterator<List<Line>> slices) {
    PreparationConfig steps = Configs.fromJson(config, PreparationConfig.class);
    List<Outcome> outcomes = new ArrayList<>();
    slices.forEachRemaining(slice -> slice.forEach(line -> outcomes.add(run(line, steps))));
    return outcomes.iterator();
  }

  private Outcome run(Line line, PreparationConfig steps) {
    StudyPreparation study =
        new StudyPreparation(
            Path.of(out),
            line.name(),
            Locations.path(line.volume()),
            Optional.of(line.mask()).filter(m -> !m.isEmpty()).map(Locations::path),
            StudyLine.calibration(line.slope(), line.intercept(), line.spacing()),
            steps,
            otherGrid);
    StudyOutcome outcome;
    try {
      outcome = study.run();
    } catch (Exception | OutOfMemoryError e) {
      throw Failures.onExecutor(e);
    }
    String problem = outcome.problem().orElse("");
    if (outcome.ofMachine()) {
      throw Failures.failure(
          T3dException.Kind.ENVIRONMENT, problem, new IllegalStateException(line.volume()));
    }
    return new Outcome(outcome.name(), outcome.written(), outcome.bytes(), problem);
  }
}
