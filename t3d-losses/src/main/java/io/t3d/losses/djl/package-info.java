/**
 * The losses for DJL's own {@code Trainer} and {@code EasyTrain}, which know lists of arrays.
 * {@code Pretrainer} needs none of this.
 */
@NullMarked
package io.t3d.losses.djl;

import org.jspecify.annotations.NullMarked;
