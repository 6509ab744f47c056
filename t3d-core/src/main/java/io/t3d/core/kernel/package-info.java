/**
 * Tokens gather around texts: a softmax over tokens and a weighted mean for each text, in blocks of
 * bounded memory, with gradients written out.
 */
package io.t3d.core.kernel;
