/** AdamW, learning rate schedule, layer-wise decay, gradient clipping, averages of weights. */
@NullMarked
package io.t3d.core.train.optim;

import org.jspecify.annotations.NullMarked;
