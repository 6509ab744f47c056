/** The command that imports published models. */
@NullMarked
package io.t3d.cli.published;

import org.jspecify.annotations.NullMarked;
