package io.t3d.cli.page.part;

import java.util.List;

/**
 * A case: pictures of the volume, then what is true and what was found.
 *
 * @param pictures of the volume
 * @param tables findings with truth and probability, reports
 */
public record Example(List<Picture> pictures, List<Table> tables) {
  /** Copies the lists. */
  public Example {
    pictures = List.copyOf(pictures);
    tables = List.copyOf(tables);
  }
}
