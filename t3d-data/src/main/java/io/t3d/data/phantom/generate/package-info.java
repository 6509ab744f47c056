/** Draws phantoms and writes their reports, labels, masks and prompts. */
package io.t3d.data.phantom.generate;
