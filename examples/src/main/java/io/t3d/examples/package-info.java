/** Programs of a page each: what a project that depends on T3D looks like. */
package io.t3d.examples;
