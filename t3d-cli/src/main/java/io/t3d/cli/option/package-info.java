/** Options and arguments that several subcommands share. */
@NullMarked
package io.t3d.cli.option;

import org.jspecify.annotations.NullMarked;
