/** ITK's readers and writers, which run in worker processes and are found as services. */
@NullMarked
package io.t3d.data.itk.internal.read;

import org.jspecify.annotations.NullMarked;
