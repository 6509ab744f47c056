/** Graphs of ONNX: a builder, the networks that have one, the file format. */
@NullMarked
package io.t3d.core.internal.onnx;

import org.jspecify.annotations.NullMarked;
