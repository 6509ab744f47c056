/**
 * Metrics in plain Java that agree with scikit-learn's; an undefined value stays undefined instead
 * of becoming a number.
 */
@NullMarked
package io.t3d.core.eval;

import org.jspecify.annotations.NullMarked;
