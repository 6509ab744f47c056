package io.t3d.data.published;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What a table says of each id: the same once more is dropped, something else is a bad row. */
final class SideTable<T> {
  private final Map<String, T> values = new HashMap<>();
  private final Map<String, Table.Row> rows = new HashMap<>();
  private final Reading.Collector out;

  SideTable(Reading.Collector out) {
    this.out = out;
  }

  /** Whether the value is the first for this id. */
  boolean put(String id, T value, Table.Row row) {
    T earlier = values.putIfAbsent(id, value);
    if (earlier == null) {
      rows.put(id, row);
      return true;
    }
    if (earlier.equals(value)) {
      out.drop(Drop.REPEATED);
    } else {
      out.badRow(row, "contradicts row " + rows.get(id).number() + " on the same id");
    }
    return false;
  }

  Optional<T> get(String id) {
    return Optional.ofNullable(values.get(id));
  }

  boolean has(String id) {
    return values.containsKey(id);
  }
}
