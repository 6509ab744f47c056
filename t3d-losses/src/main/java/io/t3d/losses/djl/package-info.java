/** The losses as DJL {@code Loss}es, for DJL's own {@code Trainer} and {@code EasyTrain}. */
@NullMarked
package io.t3d.losses.djl;

import org.jspecify.annotations.NullMarked;
