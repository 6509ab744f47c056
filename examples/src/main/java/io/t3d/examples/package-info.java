/** Programs of a page each: what a project that depends on T3D looks like. */
@NullMarked
package io.t3d.examples;

import org.jspecify.annotations.NullMarked;
