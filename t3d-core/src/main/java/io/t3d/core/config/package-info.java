/** Settings as validated records, and their YAML form. Unknown keys are errors. */
@NullMarked
package io.t3d.core.config;

import org.jspecify.annotations.NullMarked;
