/** What subcommands show: progress bars, tables of results, pictures of slices. */
package io.t3d.cli.print;
