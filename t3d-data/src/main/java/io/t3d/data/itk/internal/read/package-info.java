/** ITK readers and writers behind the worker, found as services. */
@NullMarked
package io.t3d.data.itk.internal.read;

import org.jspecify.annotations.NullMarked;

