/** The {@code t3d} command: thin subcommands over {@link io.t3d.pipeline}. */
@NullMarked
package io.t3d.cli;

import org.jspecify.annotations.NullMarked;
