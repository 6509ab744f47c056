/** Multipart bodies, and what watches over a connection. */
@NullMarked
package io.t3d.data.dicomweb.internal;

import org.jspecify.annotations.NullMarked;
