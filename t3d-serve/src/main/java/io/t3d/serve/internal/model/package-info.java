/** What the endpoints do with the model. */
@NullMarked
package io.t3d.serve.internal.model;

import org.jspecify.annotations.NullMarked;
