/** What a machine with a GPU makes of T3D, in one command and one table. */
@NullMarked
package io.t3d.bench.report;

import org.jspecify.annotations.NullMarked;
