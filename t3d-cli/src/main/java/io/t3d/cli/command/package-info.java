/** The subcommands of {@code t3d}: options in, one call of the pipeline, lines out. */
@NullMarked
package io.t3d.cli.command;

import org.jspecify.annotations.NullMarked;
