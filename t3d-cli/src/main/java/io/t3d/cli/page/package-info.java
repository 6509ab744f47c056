/** Pages of results as one HTML file, and the quickstart that ends in one. */
@NullMarked
package io.t3d.cli.page;

import org.jspecify.annotations.NullMarked;
