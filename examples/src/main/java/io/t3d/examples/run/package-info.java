/**
 * What the commands do, as a library: pre-training and evaluation runs, settings, the report page.
 */
package io.t3d.examples.run;
