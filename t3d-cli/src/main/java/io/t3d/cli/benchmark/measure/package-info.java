/** What the benchmark measures, on plain numbers: no model, no file. */
@NullMarked
package io.t3d.cli.benchmark.measure;

import org.jspecify.annotations.NullMarked;
