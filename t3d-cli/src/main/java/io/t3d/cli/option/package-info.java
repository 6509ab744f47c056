/** Options and arguments that several subcommands share. */
package io.t3d.cli.option;
