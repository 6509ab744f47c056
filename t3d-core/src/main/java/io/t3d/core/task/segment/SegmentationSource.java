package io.t3d.core.task.segment;

import java.io.IOException;
import java.util.List;

/** A source of training cases (volume and mask), which may be loaded lazily. */
public interface SegmentationSource {
  /** How many there are. */
  int size();

  /** Gets the case {@code 0 <= index < size()}; the same one each time. */
  SegmentationCase get(int index) throws IOException;

  /** Cases in memory. */
  static SegmentationSource of(List<SegmentationCase> cases) {
    List<SegmentationCase> copy = List.copyOf(cases);
    return new SegmentationSource() {
      @Override
      public int size() {
        return copy.size();
      }

      @Override
      public SegmentationCase get(int index) {
        return copy.get(index);
      }
    };
  }
}
