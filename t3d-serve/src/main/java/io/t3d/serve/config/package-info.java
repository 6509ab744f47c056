/** Settings of a service. */
@NullMarked
package io.t3d.serve.config;

import org.jspecify.annotations.NullMarked;
