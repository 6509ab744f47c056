/**
 * Shape checks, and the one legend of axes that every Javadoc of the library uses.
 *
 * <table>
 *   <caption>Axes</caption>
 *   <tr><th>letter</th><th>meaning</th></tr>
 *   <tr><td>B</td><td>batch: volume–report pairs</td></tr>
 *   <tr><td>V</td><td>views of one volume</td></tr>
 *   <tr><td>C</td><td>channels of features</td></tr>
 *   <tr><td>D, H, W</td><td>depth, height, width = (z, y, x); z varies slowest in memory</td></tr>
 *   <tr><td>N</td><td>visual tokens of a view, in (z, y, x) order</td></tr>
 *   <tr><td>L</td><td>length of the tokenized report</td></tr>
 *   <tr><td>E</td><td>width of the shared embedding</td></tr>
 *   <tr><td>K</td><td>prototypes (clusters)</td></tr>
 *   <tr><td>A</td><td>attention heads</td></tr>
 * </table>
 */
@NullMarked
package io.t3d.core.tensor;

import org.jspecify.annotations.NullMarked;
