/** Settings as validated records, and their YAML form. Unknown keys are errors. */
package io.t3d.core.config;
