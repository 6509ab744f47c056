/** Scores of written reports against reference reports, one reference each. */
package io.t3d.core.eval.text;
