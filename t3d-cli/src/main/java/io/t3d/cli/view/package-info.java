/** {@code ./t3d view}. */
@NullMarked
package io.t3d.cli.view;

import org.jspecify.annotations.NullMarked;
