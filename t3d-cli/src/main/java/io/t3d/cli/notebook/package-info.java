/**
 * Runs JShell notebooks so that an error in one is an error of the run, and writes them as Jupyter
 * notebooks.
 */
package io.t3d.cli.notebook;
