package io.t3d.data.io.fuzz;

import java.util.List;
import java.util.random.RandomGenerator;

/** Finds the fields of a header, so that a mutation can give one of them an awkward value. */
@FunctionalInterface
interface FieldFinder {
  /** The fields of a sound file. */
  List<Field> find(byte[] file);

  /** A field that can be damaged. */
  interface Field {
    String name();

    /** A copy of the file in which this field has another value. */
    byte[] damage(byte[] file, RandomGenerator random);
  }
}
