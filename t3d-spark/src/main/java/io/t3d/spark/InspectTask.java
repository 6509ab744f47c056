package io.t3d.spark;

import io.t3d.data.internal.survey.VolumeSurvey;
import io.t3d.data.io.Locations;
import io.t3d.data.io.VolumeFinder;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.function.FlatMapFunction;

/** The volumes of a slice are read to their ends, one after another, as they are asked for. */
final class InspectTask
    implements FlatMapFunction<Iterator<List<InspectTask.Line>>, InspectedVolume> {
  private static final long serialVersionUID = 1L;

  /** What was found, as it goes to an executor; the problem is empty where there is none. */
  record Line(String path, String problem) implements Serializable {
    static Line of(VolumeFinder.Found found) {
      return new Line(found.path().toString(), found.problem().orElse(""));
    }

    private VolumeFinder.Found back() {
      return new VolumeFinder.Found(
          Locations.path(path), Optional.of(problem).filter(text -> !text.isEmpty()));
    }
  }

  @Override
  public Iterator<InspectedVolume> call(Iterator<List<Line>> slices) {
    List<Line> lines = new ArrayList<>();
    slices.forEachRemaining(lines::addAll);
    return lines.stream().map(l -> InspectedVolume.of(VolumeSurvey.row(l.back()))).iterator();
  }
}
