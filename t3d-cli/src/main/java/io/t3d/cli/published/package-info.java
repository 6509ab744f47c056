/** The command that imports published models, and options that some of them need. */
@NullMarked
package io.t3d.cli.published;

import org.jspecify.annotations.NullMarked;
