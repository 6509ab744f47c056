/** AdamW, learning rate schedule, layer-wise decay, gradient clipping, averages of weights. */
package io.t3d.core.train.optim;
