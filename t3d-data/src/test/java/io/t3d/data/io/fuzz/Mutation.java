package io.t3d.data.io.fuzz;

import java.util.random.RandomGenerator;

/** One way to damage a sample. */
@FunctionalInterface
interface Mutation {
  Mutant apply(Sample sample, RandomGenerator random);
}
