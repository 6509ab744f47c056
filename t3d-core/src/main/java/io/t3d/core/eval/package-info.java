/** Metrics in plain Java, equal to scikit-learn's, with nothing undefined turned into a number. */
package io.t3d.core.eval;
