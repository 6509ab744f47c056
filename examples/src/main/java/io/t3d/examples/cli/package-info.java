/** The {@code t3d} command: thin subcommands over {@link io.t3d.examples.run}. */
package io.t3d.examples.cli;
