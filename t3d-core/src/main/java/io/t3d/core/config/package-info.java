/** Settings as validated records, read from and written to YAML. Unknown keys are errors. */
@NullMarked
package io.t3d.core.config;

import org.jspecify.annotations.NullMarked;
