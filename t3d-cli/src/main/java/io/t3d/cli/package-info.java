/** The {@code t3d} command: thin subcommands over {@link io.t3d.pipeline}. */
package io.t3d.cli;
