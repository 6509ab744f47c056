/** What {@code tools/gpu-bundle} needs of Java: a bundle for GPU machines without internet. */
@NullMarked
package io.t3d.cli.bundle;

import org.jspecify.annotations.NullMarked;
