/** Helpers of reading and loading; not for users of the library. */
package io.t3d.data.internal;
