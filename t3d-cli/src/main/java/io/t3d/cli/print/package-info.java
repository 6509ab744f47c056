/** What subcommands show: progress bars, tables of results, pictures of slices. */
@NullMarked
package io.t3d.cli.print;

import org.jspecify.annotations.NullMarked;
