/** {@code ./t3d pacs}: series from a picture archive, and results into it. */
@NullMarked
package io.t3d.cli.pacs;

import org.jspecify.annotations.NullMarked;
