/** What all parts of the service share: refusals and deadlines. */
@NullMarked
package io.t3d.serve.internal;

import org.jspecify.annotations.NullMarked;
