/** Scores of generated reports against reference reports, one reference each. */
@NullMarked
package io.t3d.core.eval.text;

import org.jspecify.annotations.NullMarked;
