/** When a model is scored while it trains, and when training ends for want of better scores. */
@NullMarked
package io.t3d.core.train.validate;

import org.jspecify.annotations.NullMarked;
