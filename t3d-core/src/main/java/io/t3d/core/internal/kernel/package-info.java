/**
 * Tokens gather around texts: a softmax over tokens and a weighted mean for each text, in blocks of
 * bounded memory, with gradients written out.
 */
@NullMarked
package io.t3d.core.internal.kernel;

import org.jspecify.annotations.NullMarked;
