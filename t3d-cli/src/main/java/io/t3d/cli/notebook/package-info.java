/** Runs JShell notebooks so that an error in one is an error of the run. */
package io.t3d.cli.notebook;
