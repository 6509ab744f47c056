/** Metrics in plain Java, equal to scikit-learn's, with nothing undefined turned into a number. */
@NullMarked
package io.t3d.core.eval;

import org.jspecify.annotations.NullMarked;
