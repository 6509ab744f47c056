/** {@code ./t3d runs}: lists and compares the output folders of trainings. */
@NullMarked
package io.t3d.cli.runs;

import org.jspecify.annotations.NullMarked;
