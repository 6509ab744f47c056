/**
 * The T3D model and its typed outputs.
 *
 * <p>The way of the data: {@code ViewBatch, TokenBatch → T3DModel.forward → T3DOutput → Objective}.
 */
@NullMarked
package io.t3d.core.model;

import org.jspecify.annotations.NullMarked;
